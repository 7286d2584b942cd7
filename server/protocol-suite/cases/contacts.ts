/** Resolution of contact codes and the tokens that open the way. */
import assert from 'node:assert/strict';
import type { RequestOf } from '@sotto/sdk/wire';
import { bytes, Device } from '../device.js';
import type { CaseContext } from '../case-context.js';

export function contactCases({ world, it }: CaseContext): void {
  it('answers a right pair with statement and manifest, at every length of the code', async () => {
    const [target, asker] = [await world.newcomer(), await world.newcomer()];
    const code = await target.contactCode();
    for (const length of [8, 12, 16]) {
      const request = { username: target.username, code: code.slice(0, length) };
      const { statement, manifest } = await world.api.must('contacts.resolve', request, asker.accessToken);
      assert.deepEqual(statement, target.statement({ signature: statement.signature }));
      assert.deepEqual(manifest, target.manifest({ signature: manifest.signature }));
    }
  });

  it('answers a wrong code and an unknown name alike, to the byte', async () => {
    const [target, asker] = [await world.newcomer(), await world.newcomer()];
    const code = await target.contactCode();
    const wrong = code.slice(0, 11) + (code[11] === '0' ? '1' : '0');
    const attempts: RequestOf<'contacts.resolve'>[] = [
      { username: target.username, code: wrong },
      { username: new Device().username, code: code.slice(0, 12) },
      { username: asker.username, code: code.slice(0, 8) },
    ];
    const problems = [];
    for (const attempt of attempts) {
      problems.push(await world.api.refused('contacts.resolve', attempt, 'not-found', asker.accessToken));
    }
    for (const problem of problems) assert.deepEqual(problem, problems[0]);
  });

  it('binds introduction tokens to asker and target', async () => {
    const [target, asker, other] = [await world.person(), await world.newcomer(), await world.person()];
    const reachToken = await world.introduction(asker, target);
    const ask = (accountId: Device['accountId'], token: string) => ({
      accountId,
      reachToken: token,
      deviceIds: [target.deviceId],
    });
    const refused = 'introduction-required';
    await world.api.refused('keys.bundle', ask(target.accountId, reachToken), refused, other.accessToken);
    await world.api.refused('keys.bundle', ask(other.accountId, reachToken), refused, asker.accessToken);
    await world.api.refused('keys.bundle', ask(target.accountId, 'x'), refused, asker.accessToken);
    const altered = Buffer.from(reachToken, 'base64url');
    altered[1]! ^= 1;
    const forged = altered.toString('base64url');
    await world.api.refused('keys.bundle', ask(target.accountId, forged), refused, asker.accessToken);
    const nobody = new Device().accountId;
    await world.api.refused('keys.bundle', ask(nobody, reachToken), refused, asker.accessToken);
    const live = await world.connect(other);
    const send = {
      attemptId: bytes(16),
      recipient: target.accountId,
      reachToken,
      storeSeq: 0,
      bodies: [target.body()],
    };
    assert.equal(await live.refusedSend(send), refused);
    assert.equal((await world.api.must('keys.status', {}, target.accessToken)).oneTime, 2);
  });
}
