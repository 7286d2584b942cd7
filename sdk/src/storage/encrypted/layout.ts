/** Where everything lies in the store below. Knows no key and no value. */

/** The header: see header.ts. */
export const headerKey = 'header';

/** Everything under one generation of keys. */
export const generationPrefix = (generation: number) => `g${generation}/`;
/** The header of a generation that the store is being moved to, until it is moved. */
export const nextHeaderKey = (generation: number) => `g${generation}/header`;
/** How many values its key may have sealed: see seal-counter.ts. */
export const counterKey = (generation: number) => `g${generation}/count`;
/** Values, each under its hidden name. */
export const valuesPrefix = (generation: number) => `g${generation}/v/`;
/** What of the largest values did not fit, under one segment each. */
export const tailsPrefix = (generation: number) => `g${generation}/t/`;
