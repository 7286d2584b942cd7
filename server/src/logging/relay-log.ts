/**
 * The relay's log: one structured line per operation and a few about the relay itself. What a line
 * may hold is listed here, field by field, and nothing else gets through: no account, name,
 * address, token or body.
 */
import { pino, type DestinationStream } from 'pino';
import type { RelayLogLevel } from '../config.js';
import type { Now } from '../ports.js';

/** Fields of a log line. */
export interface LogFields {
  /** The operation's name in the wire's tables, `web-app` for its files, or `unknown`. */
  readonly operation?: string;
  /** The HTTP status, or the one that goes with a socket reply. */
  readonly status?: number;
  /** The code of the problem that was answered. */
  readonly problem?: string;
  readonly durationMs?: number;
  /** Random; the caller has it too. */
  readonly requestId?: string;
  /** Of an unexpected error: its class, its code, and where it was thrown. Never its message. */
  readonly errorName?: string;
  readonly errorCode?: string;
  readonly errorAt?: string;
  /** How many rows a sweep removed. */
  readonly count?: number;
  readonly port?: number;
  /** Which of the relay's own sweeps or parts. */
  readonly part?: string;
}

/** The names a log line may have besides `level`, `time` and `event`. */
export const logFieldNames = [
  'operation',
  'status',
  'problem',
  'durationMs',
  'requestId',
  'errorName',
  'errorCode',
  'errorAt',
  'count',
  'port',
  'part',
] as const satisfies readonly (keyof LogFields)[];

/** See the file's header. */
export interface RelayLog {
  /** @param event - a fixed kebab-case name, never built from data */
  log(level: Exclude<RelayLogLevel, 'silent'>, event: string, fields?: LogFields): void;
}

/** Options of {@link createRelayLog}. */
export interface RelayLogOptions {
  readonly level: RelayLogLevel;
  readonly now: Now;
  /** Where the lines go; standard output by default. */
  readonly sink?: DestinationStream;
}

const maxFieldLength = 512;

function allowed(fields: LogFields): Record<string, string | number> {
  const kept: Record<string, string | number> = {};
  for (const name of logFieldNames) {
    const value = fields[name];
    if (typeof value === 'number') kept[name] = value;
    if (typeof value === 'string') kept[name] = value.slice(0, maxFieldLength);
  }
  return kept;
}

/** Opens the log. */
export function createRelayLog({ level, now, sink }: RelayLogOptions): RelayLog {
  const options = {
    level,
    // No process id and no host name.
    base: null,
    messageKey: 'event',
    timestamp: () => `,"time":${now()}`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = sink === undefined ? pino(options) : pino(options, sink);
  return { log: (lineLevel, event, fields = {}) => logger[lineLevel](allowed(fields), event) };
}

const framePattern = /^\s+at (?:.*[\\/(])?([\w.-]+\.[cm]?[jt]s:\d+)/;

/** The first frames of a stack as file names and lines: no message, no folder. */
function framesOf({ stack = '', message }: Error): string {
  // The message may look like frames itself.
  const frames = stack
    .replace(message, '')
    .split('\n')
    .map((line) => framePattern.exec(line)?.[1]);
  return frames.filter(Boolean).slice(0, 6).join(' < ');
}

/** What may be logged of an unexpected error. Its message may quote data, so it stays out. */
export function describeUnexpected(error: unknown): LogFields {
  if (!(error instanceof Error)) return { errorName: typeof error };
  const { code } = error as { code?: unknown };
  return {
    errorName: error.name,
    ...(typeof code === 'string' && /^[\w-]{1,64}$/.test(code) ? { errorCode: code } : {}),
    errorAt: framesOf(error),
  };
}
