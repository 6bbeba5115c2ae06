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

/** Mistakes in how a command was called. Each is printed as one line, exit code 2. */
export class UsageError extends Error {
  /** One sentence a mistake. */
  readonly mistakes: readonly string[];

  constructor(message: string | readonly string[], options?: ErrorOptions) {
    const mistakes = typeof message === 'string' ? [message] : message;
    super(mistakes.join('\n'), options);
    this.name = 'UsageError';
    this.mistakes = mistakes;
  }
}
