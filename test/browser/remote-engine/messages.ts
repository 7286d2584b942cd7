/**
 * What goes between an engine in Node and those who call it from a page. A call is a row of requests: each is
 * answered with the outcome, or with the records that the engine wants to see first.
 */
import type { EngineAssurance } from '../../../sdk/src/ports/index.js';

/** The event that carries a {@link Request} as text, and is acknowledged with an {@link Answer}. */
export const engineEvent = 'engine';

/** A packed {@link Reply}, or what went wrong beside the engine. */
export type Answer = { readonly text: string } | { readonly failure: string };

/** Stands for the view among the arguments of a call. */
export const viewArgument = '(view)';

/** From the page. */
export type Request =
  | { readonly kind: 'about' }
  | { readonly kind: 'call'; readonly method: string; readonly args: readonly unknown[] }
  /** What the view gave. */
  | { readonly kind: 'values'; readonly call: number; readonly values: unknown }
  /** The view failed. With what stays in the page. */
  | { readonly kind: 'view-failed'; readonly call: number };

/** To the page. */
export type Reply =
  | About
  | { readonly kind: 'get'; readonly call: number; readonly keys: readonly string[] }
  | { readonly kind: 'result'; readonly value: unknown }
  | Failure;

/** What an engine says of itself, and what can be called. */
export interface About {
  readonly kind: 'about';
  readonly name: string;
  readonly recordVersion: number;
  readonly assurance: EngineAssurance;
  readonly methods: readonly string[];
}

/** How a call failed. */
export type Failure =
  | { readonly kind: 'sotto-error'; readonly code: string; readonly details: unknown }
  | { readonly kind: 'type-error'; readonly message: string }
  /** The engine passed on what its view failed with. */
  | { readonly kind: 'view-failure' }
  | { readonly kind: 'other-error'; readonly message: string };
