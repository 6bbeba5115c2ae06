import { pino } from 'pino';
import { printable } from '../cli/printable.js';

/** Numbers and names that go with a message. Texts from outside are made printable before they get here. */
type LogFields = Readonly<Record<string, string | number | boolean>>;

/** What the collector says while it runs. */
export interface CollectorLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Says nothing. */
export const silentLog: CollectorLog = { debug() {}, info() {}, warn() {}, error() {} };

/** One JSON object a line. */
export function structuredLog(stream: NodeJS.WritableStream, level: LogLevel): CollectorLog {
  const logger = pino({ level, base: undefined }, stream);
  const at = (name: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) =>
    logger[name](fields ?? {}, printable(message, 1000));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** One line of text a message, for people at a terminal. */
export function plainLog(write: (line: string) => void, level: LogLevel): CollectorLog {
  const limit = LOG_LEVELS.indexOf(level);
  const at = (name: LogLevel) => (message: string) => {
    if (LOG_LEVELS.indexOf(name) <= limit) write(printable(message, 1000));
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
