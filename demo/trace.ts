import { fileURLToPath } from 'node:url';
import type { Day } from '#chaincode';
import type { Plan } from './dishonest.js';

/** A trace that ships with the package, and the lies that suit it. */
export interface ShippedTrace {
  readonly file: string;
  /** The ID of the engine that it was recorded from. */
  readonly sourceId: string;
  readonly day: Day;
  /** What it shows, for people. */
  readonly about: string;
  readonly plan: Plan;
}

// The build puts this file one folder deeper than the sources have it; the package's root is two or one above.
const ROOT = new URL(import.meta.url.includes('/dist/demo/') ? '../../' : '../', import.meta.url);

export const SHIPPED_TRACE: ShippedTrace = {
  file: fileURLToPath(new URL('demo/trace/shop.ndjson', ROOT)),
  sourceId: 'BBMH:NCS7:7NFU:2JXS:FZMV:5LM7:FKY5:GM4B:JZM6:FU7A:XKP6:FET4',
  day: '2026-11-22',
  about: 'a recorded trace: six minutes of a small shop on Docker 20.10.24',
  plan: {
    leaveOut: { name: 'shop-worker-1', action: 'pause' },
    move: { name: 'shop-backup-1', action: 'die', seconds: 3600 },
    invent: { name: 'shop-web-4', action: 'start', after: { name: 'shop-web-3', action: 'start' }, seconds: 5 },
  },
};
