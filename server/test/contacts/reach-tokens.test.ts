import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import type { AccountId } from '@sotto/sdk/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { createReachTokens } from '../../src/contacts/reach-tokens.js';
import type { ReachTokens } from '../../src/ports.js';
import { relayLimits } from '../../src/relay-limits.js';

const account = () => randomUUID() as AccountId;
const refusal = expect.objectContaining({ code: 'introduction-required' });

describe('reach tokens', () => {
  const [asker, target, other] = [account(), account(), account()];
  let nowMs: number;
  let tokens: ReachTokens;
  beforeEach(() => {
    nowMs = 1_800_000_000_000;
    tokens = createReachTokens(createSecretKey(randomBytes(32)), () => nowMs);
  });

  it('open the way for their pair alone, shown once or often', async () => {
    for (const token of [
      await tokens.issueIntroduction(asker, target),
      await tokens.issueDelivery(asker, target),
    ]) {
      for (let time = 0; time < 3; time += 1) {
        tokens.verify(token, asker, target);
        expect(() => tokens.verify(token, other, target)).toThrow(refusal);
        expect(() => tokens.verify(token, asker, other)).toThrow(refusal);
        expect(() => tokens.verify(token, target, asker)).toThrow(refusal);
      }
    }
  });

  it('are refused when altered, foreign or no token at all', async () => {
    const token = await tokens.issueDelivery(asker, target);
    tokens.verify(token, asker, target);
    const foreign = createReachTokens(createSecretKey(randomBytes(32)), () => nowMs);
    const bad = [
      `${token.slice(0, -2)}${token.endsWith('A') ? 'E' : 'A'}A`,
      `B${token.slice(1)}`,
      await foreign.issueDelivery(asker, target),
      '',
      'x',
      '*'.repeat(52),
    ];
    for (const one of bad) expect(() => tokens.verify(one, asker, target)).toThrow(refusal);
  });

  it('expire, also when they were checked before', async () => {
    const token = await tokens.issueIntroduction(asker, target);
    tokens.verify(token, asker, target);
    nowMs += relayLimits.introductionTtlMs - 1;
    tokens.verify(token, asker, target);
    nowMs += 1;
    expect(() => tokens.verify(token, asker, target)).toThrow(refusal);
  });

  it('come back as they are for a day, then renewed, so that they never run out on who writes', async () => {
    const token = await tokens.issueDelivery(asker, target);
    nowMs += relayLimits.deliveryRenewalMs - 1;
    expect(tokens.renewDelivery(token, asker, target)).toBe(token);
    nowMs += 1;
    const renewed = tokens.renewDelivery(token, asker, target);
    expect(renewed).not.toBe(token);
    nowMs += relayLimits.deliveryTtlMs - 1;
    tokens.verify(renewed, asker, target);
    expect(() => tokens.verify(token, asker, target)).toThrow(refusal);
  });

  it('become delivery tokens of 30 days when they were introductions, or somebody else’s', async () => {
    const strange = await tokens.issueDelivery(asker, other);
    for (const shown of [await tokens.issueIntroduction(asker, target), strange, 'x']) {
      const renewed = tokens.renewDelivery(shown, asker, target);
      expect(renewed).not.toBe(shown);
      const before = nowMs;
      nowMs += relayLimits.deliveryTtlMs - 1;
      tokens.verify(renewed, asker, target);
      nowMs = before;
    }
  });

  it('are good however many others were checked in between', async () => {
    const token = await tokens.issueDelivery(asker, target);
    tokens.verify(token, asker, target);
    for (let count = 0; count <= relayLimits.maxCheckedReachTokens; count += 1) {
      nowMs += 1;
      tokens.verify(await tokens.issueDelivery(asker, other), asker, other);
    }
    tokens.verify(token, asker, target);
  });
});
