/** How connections that keep statements prepared plan them. Knows no statement and no driver. */

/**
 * One plan serves all parameters, and a table is never read from end to end: a plan that is made while the
 * tables are empty must be right when they are full. Without `jit = off` the penalty on other plans would
 * count as a reason to compile them.
 */
export const preparedPlanSettings = [
  'SET plan_cache_mode = force_generic_plan',
  'SET enable_seqscan = off',
  'SET enable_mergejoin = off',
  'SET jit = off',
].join('; ');
