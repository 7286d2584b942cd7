/**
 * The relay's configuration: every setting, its default and its environment variable, in one place.
 * Reads no file and opens nothing.
 */
import { fromBase64Url } from '@sotto/sdk/wire';
import * as z from 'zod/mini';
import { OperatorError } from './operator-error.js';

/** How much the relay logs. */
export type RelayLogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** Everything that can be configured. */
export interface RelayConfig {
  /** `SOTTO_PORT`, default 8787. 0 takes a free one. */
  readonly port: number;
  /** `SOTTO_HOST`, default 127.0.0.1: reachable from this machine only. */
  readonly host: string;
  /** `SOTTO_DATA`, default `.sotto`: the embedded database, its lock and the relay's secret. */
  readonly dataFolder: string;
  /** `DATABASE_URL`: a PostgreSQL server in place of the embedded database. */
  readonly databaseUrl: string | undefined;
  /**
   * `DATABASE_CONNECTIONS`, default 10: connections to `databaseUrl` that this node keeps at most. One more
   * listens to other nodes where there is no Redis.
   */
  readonly databaseConnections: number;
  /**
   * `REDIS_URL`: what the nodes of one relay share of rate limits and of who is connected where. Needs
   * `databaseUrl`. Without it nodes reach one another through the database, and each counts limits alone.
   */
  readonly redisUrl: string | undefined;
  /**
   * `SOTTO_MAILBOX_REDIS_URL`: a Redis that keeps the mailboxes in place of the database. What is accepted is then
   * as durable as that Redis is configured to be. Needs `databaseUrl`; may be the Redis of `redisUrl`.
   */
  readonly mailboxRedisUrl: string | undefined;
  /**
   * `SOTTO_SECRET`, 32 bytes (base64url): every key of the relay is derived from it. By default made once
   * and kept in the data folder. Required with `databaseUrl`, where several nodes must share it.
   */
  readonly secret: Uint8Array | undefined;
  /** `SOTTO_TRUST_PROXY`, default 0: how many proxies in front append to `X-Forwarded-For`. */
  readonly trustedProxies: number;
  /** `SOTTO_METRICS_PORT`, default none: a port for Prometheus, where `/metrics` is. 0 takes a free one. */
  readonly metricsPort: number | undefined;
  /** `SOTTO_METRICS_HOST`, default 127.0.0.1. Whoever reaches it sees how much the relay is used. */
  readonly metricsHost: string;
  /** `SOTTO_LOG_LEVEL`, default `info`. */
  readonly logLevel: RelayLogLevel;
  /** `SOTTO_ALLOWED_ORIGINS`, comma-separated, default none: web origins whose pages may use the relay. */
  readonly allowedOrigins: readonly string[];
  /** `SOTTO_APP`, default none: a folder with a built web application, which the relay serves at its own address. */
  readonly appFolder: string | undefined;
  /** `SOTTO_LIMIT_FACTOR`, default 1: multiplies the ceilings of every rate limit. */
  readonly limitFactor: number;
}

/** A setting has a value it cannot have. The message is one line for the operator and shows no value. */
export class ConfigError extends OperatorError {
  override readonly name = 'ConfigError';
}

const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const;
const secretBytes = 32;

const schema = z.strictObject({
  port: z.int().check(z.minimum(0), z.maximum(65_535)),
  host: z.string().check(z.minLength(1), z.maxLength(255)),
  dataFolder: z.string().check(z.minLength(1), z.maxLength(4096)),
  databaseUrl: z.optional(z.string().check(z.regex(/^postgres(?:ql)?:\/\//))),
  databaseConnections: z.int().check(z.minimum(2), z.maximum(1000)),
  redisUrl: z.optional(z.string().check(z.regex(/^rediss?:\/\//))),
  mailboxRedisUrl: z.optional(z.string().check(z.regex(/^rediss?:\/\//))),
  secret: z.optional(z.instanceof(Uint8Array).check(z.refine((bytes) => bytes.length === secretBytes))),
  trustedProxies: z.int().check(z.minimum(0), z.maximum(16)),
  metricsPort: z.optional(z.int().check(z.minimum(0), z.maximum(65_535))),
  metricsHost: z.string().check(z.minLength(1), z.maxLength(255)),
  logLevel: z.enum(logLevels),
  allowedOrigins: z.array(z.string().check(z.refine(isOrigin))).check(z.maxLength(64)),
  appFolder: z.optional(z.string().check(z.minLength(1), z.maxLength(4096))),
  limitFactor: z.number().check(z.minimum(1), z.maximum(1_000_000)),
});

interface Setting {
  readonly variable: string;
  /** What the value must be, for the operator. */
  readonly expected: string;
  readonly parse: (text: string) => unknown;
}

const settings: Readonly<Record<keyof RelayConfig, Setting>> = {
  port: { variable: 'SOTTO_PORT', expected: 'a number from 0 to 65535', parse: parseNumber },
  host: { variable: 'SOTTO_HOST', expected: 'a host name or address', parse: String },
  dataFolder: { variable: 'SOTTO_DATA', expected: 'a path', parse: String },
  databaseUrl: { variable: 'DATABASE_URL', expected: 'a postgres:// address', parse: String },
  databaseConnections: {
    variable: 'DATABASE_CONNECTIONS',
    expected: 'a number from 2 to 1000',
    parse: parseNumber,
  },
  redisUrl: { variable: 'REDIS_URL', expected: 'a redis:// or rediss:// address', parse: String },
  mailboxRedisUrl: {
    variable: 'SOTTO_MAILBOX_REDIS_URL',
    expected: 'a redis:// or rediss:// address',
    parse: String,
  },
  secret: { variable: 'SOTTO_SECRET', expected: '32 bytes in base64url (43 characters)', parse: parseSecret },
  trustedProxies: { variable: 'SOTTO_TRUST_PROXY', expected: 'a number from 0 to 16', parse: parseNumber },
  metricsPort: { variable: 'SOTTO_METRICS_PORT', expected: 'a number from 0 to 65535', parse: parseNumber },
  metricsHost: { variable: 'SOTTO_METRICS_HOST', expected: 'a host name or address', parse: String },
  logLevel: { variable: 'SOTTO_LOG_LEVEL', expected: `one of ${logLevels.join(', ')}`, parse: String },
  allowedOrigins: {
    variable: 'SOTTO_ALLOWED_ORIGINS',
    expected: 'origins such as https://chat.example.org, separated by commas',
    parse: (text) => text.split(',').map((origin) => origin.trim()),
  },
  appFolder: { variable: 'SOTTO_APP', expected: 'a path', parse: String },
  limitFactor: { variable: 'SOTTO_LIMIT_FACTOR', expected: 'a number from 1 to 1000000', parse: parseNumber },
};

const defaults: RelayConfig = {
  port: 8787,
  host: '127.0.0.1',
  dataFolder: '.sotto',
  databaseUrl: undefined,
  databaseConnections: 10,
  redisUrl: undefined,
  mailboxRedisUrl: undefined,
  secret: undefined,
  trustedProxies: 0,
  metricsPort: undefined,
  metricsHost: '127.0.0.1',
  logLevel: 'info',
  allowedOrigins: [],
  appFolder: undefined,
  limitFactor: 1,
};

function parseNumber(text: string): number {
  return /^\d{1,9}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
}

function parseSecret(text: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch {
    return new Uint8Array();
  }
}

function isOrigin(text: string): boolean {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) ? url.origin === text : /^[a-z]+:\/\/localhost$/.test(text);
  } catch {
    return false;
  }
}

/**
 * Fills in what is not given and checks all of it.
 * @throws ConfigError
 */
export function completeConfig(given: Partial<RelayConfig> = {}): RelayConfig {
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  const parsed = schema.safeParse({ ...defaults, ...Object.fromEntries(known) });
  if (!parsed.success) {
    const name = parsed.error.issues[0]?.path[0] as keyof RelayConfig | undefined;
    const setting = name === undefined ? undefined : settings[name];
    if (setting === undefined) throw new ConfigError('the configuration has an unknown setting');
    throw new ConfigError(`${setting.variable} (${name}) must be ${setting.expected}`);
  }
  const config = { ...defaults, ...parsed.data };
  if (config.databaseUrl !== undefined && config.secret === undefined) {
    throw new ConfigError('SOTTO_SECRET (secret) is required with DATABASE_URL: all nodes must share it');
  }
  if (config.redisUrl !== undefined && config.databaseUrl === undefined) {
    throw new ConfigError(
      'DATABASE_URL (databaseUrl) is required with REDIS_URL: one embedded node shares nothing',
    );
  }
  if (config.mailboxRedisUrl !== undefined && config.databaseUrl === undefined) {
    throw new ConfigError(
      'DATABASE_URL (databaseUrl) is required with SOTTO_MAILBOX_REDIS_URL: accounts stay in the database',
    );
  }
  return config;
}

/**
 * Reads the settings that an environment has. An empty variable counts as absent.
 * @returns not yet checked: for {@link completeConfig}
 */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Partial<RelayConfig> {
  const given: Record<string, unknown> = {};
  for (const [name, { variable, parse }] of Object.entries(settings)) {
    const text = environment[variable];
    if (text !== undefined && text !== '') given[name] = parse(text);
  }
  return given;
}
