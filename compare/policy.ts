import { completePolicy, type Policy } from '#chaincode';

/** How the events of the logs are recorded. */
export interface Recorded {
  /** Of each log. */
  readonly actors: readonly string[];
  /** The engine's ID that events are recorded under. */
  readonly source: string;
  /** What is left out of it is as a policy has it by default. */
  readonly policy: Partial<Policy>;
}

/** The policy that governs all time. */
export function policyOf({ policy, actors }: Recorded): Policy {
  return completePolicy({ ...policy, from: '0', actors: [...actors] });
}
