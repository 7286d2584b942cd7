/** Makes the scope it is loaded in one of a browser without storage buckets: what is stored lies in the shared place. */
import { expect, it } from 'vitest';
import { makeBucket } from '../../../../sdk/src/storage/web-bucket.js';

Object.defineProperty(navigator, 'storageBuckets', { value: undefined });

it('there are no buckets here', async () => {
  expect(await makeBucket('data', 'any')).toBe(undefined);
});
