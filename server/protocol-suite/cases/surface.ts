/** What anyone sees of a relay. */
import assert from 'node:assert/strict';
import { httpOperations, type HttpOperation, type HttpOperationName } from '@sotto/sdk/wire';
import { problemOf } from '../api.js';
import type { CaseContext } from '../case-context.js';

export function surfaceCases({ world, it }: CaseContext): void {
  it('says what it is, and the same to everyone', async () => {
    const info = await world.api.must('relay.info', {});
    assert.equal(info.protocol, 1);
    assert.deepEqual(await world.api.must('relay.info', {}), info);
  });

  it('answers unknown paths as not-found', async () => {
    for (const path of ['/', '/v1', '/v1/unknown', '/V1/relay', '/v1/relay/', '/v1/keys/../admin']) {
      const exchange = await world.api.raw({ method: 'GET', path });
      assert.equal(problemOf(exchange).code, 'not-found', path);
    }
  });

  for (const [name, { method, path }] of Object.entries(httpOperations) as [
    HttpOperationName,
    HttpOperation,
  ][]) {
    it(`answers other methods on the path of ${name} as method-not-allowed`, async () => {
      const allowed = Object.values(httpOperations).filter((one) => one.path === path);
      const others = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'].filter(
        (other) => !allowed.some((one: HttpOperation) => one.method === other),
      );
      assert.ok(!others.includes(method));
      for (const other of others) {
        assert.equal(problemOf(await world.api.raw({ method: other, path })).code, 'method-not-allowed');
      }
    });
  }
}
