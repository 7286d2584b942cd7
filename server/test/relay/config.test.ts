import { describe, expect, it } from 'vitest';
import { completeConfig, ConfigError, readEnvironment } from '../../src/config.js';

const secret = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(completeConfig(readEnvironment({}))).toEqual({
      port: 8787,
      host: '127.0.0.1',
      dataFolder: '.sotto',
      databaseUrl: undefined,
      databaseConnections: 10,
      redisUrl: undefined,
      secret: undefined,
      trustedProxies: 0,
      metricsPort: undefined,
      metricsHost: '127.0.0.1',
      logLevel: 'info',
      allowedOrigins: [],
      limitFactor: 1,
    });
  });

  it('reads every setting from the environment, and takes an empty one as absent', () => {
    const environment = {
      SOTTO_PORT: '0',
      SOTTO_HOST: '::',
      SOTTO_DATA: '/tmp/x',
      DATABASE_URL: 'postgres://relay:password@db.example.org/relay',
      DATABASE_CONNECTIONS: '25',
      REDIS_URL: 'rediss://:password@redis.example.org:6380/2',
      SOTTO_SECRET: secret,
      SOTTO_TRUST_PROXY: '2',
      SOTTO_METRICS_PORT: '9100',
      SOTTO_METRICS_HOST: '::1',
      SOTTO_LOG_LEVEL: 'warn',
      SOTTO_ALLOWED_ORIGINS: 'https://a.example.org, capacitor://localhost',
      SOTTO_LIMIT_FACTOR: '2.5',
      HOME: '/unrelated',
    };
    expect(completeConfig(readEnvironment(environment))).toEqual({
      port: 0,
      host: '::',
      dataFolder: '/tmp/x',
      databaseUrl: environment.DATABASE_URL,
      databaseConnections: 25,
      redisUrl: environment.REDIS_URL,
      secret: Uint8Array.from({ length: 32 }, (_, index) => index),
      trustedProxies: 2,
      metricsPort: 9100,
      metricsHost: '::1',
      logLevel: 'warn',
      allowedOrigins: ['https://a.example.org', 'capacitor://localhost'],
      limitFactor: 2.5,
    });
    expect(completeConfig(readEnvironment({ SOTTO_PORT: '' })).port).toBe(8787);
  });

  it.each([
    ['SOTTO_PORT', '65536'],
    ['SOTTO_PORT', '80x'],
    ['SOTTO_PORT', '-1'],
    ['SOTTO_PORT', '1.5'],
    ['DATABASE_URL', 'mysql://canary@x/y'],
    ['DATABASE_CONNECTIONS', '1'],
    ['REDIS_URL', 'http://canary'],
    ['SOTTO_SECRET', 'canary'],
    ['SOTTO_SECRET', `${secret}AA`],
    ['SOTTO_TRUST_PROXY', 'canary'],
    ['SOTTO_LOG_LEVEL', 'canary'],
    ['SOTTO_ALLOWED_ORIGINS', '*'],
    ['SOTTO_ALLOWED_ORIGINS', 'https://canary.example.org/path'],
    ['SOTTO_LIMIT_FACTOR', '0'],
  ])('refuses %s=%s in one line that names the variable and shows no value', (variable, value) => {
    const complete = () => completeConfig(readEnvironment({ [variable]: value }));
    expect(complete).toThrow(ConfigError);
    expect(complete).toThrow(new RegExp(`^${variable} \\(\\w+\\) must be [^\\n]+$`));
    expect(complete).not.toThrow(/canary/);
  });

  it('wants a database server with Redis', () => {
    expect(() => completeConfig({ redisUrl: 'redis://x' })).toThrow(/DATABASE_URL .* is required/);
  });

  it('wants a secret with a database server', () => {
    expect(() => completeConfig({ databaseUrl: 'postgres://x/y' })).toThrow(/SOTTO_SECRET .* is required/);
  });

  it('refuses unknown settings', () => {
    expect(() => completeConfig({ prot: 1 } as never)).toThrow(ConfigError);
  });
});
