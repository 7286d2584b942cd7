/** The API documentation: every entry point of the SDK is a module. */
import { entryPoints } from './scripts/lib/entry-points.mjs';

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: '@sotto/sdk',
  entryPoints: entryPoints().map(({ source }) => `sdk/${source.replace('./', '')}`),
  tsconfig: 'sdk/tsconfig.build.json',
  out: 'docs/api',
  readme: 'none',
  // No links into a hosting site: the documentation is the same wherever the repository lies.
  disableSources: true,
  excludeInternal: true,
  treatWarningsAsErrors: true,
  // Schemas that public types are made from; the types themselves are documented.
  intentionallyNotExported: [
    'contactChange',
    'contactRelation',
    'localErrorCatalogue',
    'messageId',
    'messageSchema',
    'messageStatus',
    'pinStrength',
  ],
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  // A schema and its type have one name; the schema says what fits, and its parts speak for themselves.
  requiredToBeDocumented: ['Class', 'Function', 'Interface', 'TypeAlias', 'Variable', 'Method'],
};
