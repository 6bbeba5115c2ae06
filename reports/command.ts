import type { RegisterCommands } from '../cli/command.js';
import { dayJudgement, disputesNow } from '../reconciler/day-judgement.js';
import { reportCommands } from './report-command.js';

/** The command `report`. */
export const registerReportCommands: RegisterCommands = reportCommands(dayJudgement, disputesNow);
