import type { RegisterCommands } from '../cli/command.js';
import { connect } from '../network/connection.js';
import { loadProfile } from '../network/profile.js';
import { archivedBlocks } from '../reconciler/archived-blocks.js';
import { dayJudgement, disputesNow } from '../reconciler/day-judgement.js';
import { type ReadBlocks, reportCommands } from './report-command.js';

/** The command `report`. */
export const registerReportCommands: RegisterCommands = reportCommands({
  readDay: dayJudgement,
  readDisputes: disputesNow,
  readBlocks,
});

async function* readBlocks(...[dbFile, to, profile]: Parameters<ReadBlocks>): AsyncGenerator<Uint8Array> {
  const connection = profile === undefined ? undefined : connect(loadProfile(profile));
  try {
    yield* archivedBlocks(dbFile, to, connection);
  } finally {
    connection?.close();
  }
}
