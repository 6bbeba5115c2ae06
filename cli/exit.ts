/** The exit codes of every command. */
export const EXIT = {
  /** Done, and nothing found. */
  clean: 0,
  /** Done, and there are findings (or a verification refused). */
  findings: 1,
  /** Could not do it: wrong usage, no connection, unreadable input, a crash. */
  failed: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A mistake in how a command was called. Printed as one line, exit code 2. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}
