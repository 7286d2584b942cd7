/** The messenger in real browsers, over a real relay that serves it. One relay and one browser for all of it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fromOutside } from './parts/from-outside.js';
import { keyboard } from './parts/keyboard.js';
import { longConversation } from './parts/long-conversation.js';
import { looks } from './parts/looks.js';
import { twoPeople } from './parts/two-people.js';
import { unreadable } from './parts/unreadable.js';
import { Stage } from './support/stage.js';

const stage = new Stage();

beforeAll(() => stage.open(), 120_000);
afterAll(() => stage.close());

twoPeople(stage);
longConversation(stage);
keyboard(stage);
unreadable(stage);
looks(stage);
fromOutside(stage);

it('asked for nothing but its relay, and nothing went wrong in its pages', () => {
  expect(stage.app.strangeRequests).toEqual([]);
  expect(stage.app.faults).toEqual([]);
});
