/** Holds answers of a relay against its OpenAPI document. */
import * as z from 'zod';
import type { Exchange } from '../../protocol-suite/api.js';

type Json = Record<string, unknown>;

interface Response {
  readonly content: Readonly<Record<string, { readonly schema: Json }>>;
}

interface OperationItem {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Response>>;
}

interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationItem>>>>;
  readonly components: { readonly schemas: Json };
}

/** OpenAPI keeps shared schemas elsewhere than JSON Schema does. */
function asJsonSchema(schema: Json, { components }: OpenApiDocument): Json {
  const text = JSON.stringify({ ...schema, $defs: components.schemas });
  return JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as Json;
}

/** Checks answers one by one and remembers what did not fit. */
export class OpenApiCheck {
  readonly violations: string[] = [];
  /** `operation status` of every answer that was checked. */
  readonly checked = new Set<string>();
  readonly #operations: ReadonlyMap<string, OperationItem>;
  readonly #schemas = new Map<string, z.ZodType>();

  constructor(readonly document: OpenApiDocument) {
    const items = Object.values(document.paths).flatMap((path) => Object.values(path));
    this.#operations = new Map(items.map((item) => [item.operationId, item]));
  }

  check({ operation, status, contentType, body }: Exchange): void {
    if (operation === undefined) return;
    const key = `${operation} ${status}`;
    const schema = this.#schemaFor(operation, status, contentType);
    if (schema === undefined) return void this.violations.push(`${key} is not in the document`);
    this.checked.add(key);
    const parsed = schema.safeParse(body);
    if (!parsed.success) this.violations.push(`${key}: ${z.prettifyError(parsed.error)}`);
  }

  #schemaFor(operation: string, status: number, contentType: string): z.ZodType | undefined {
    const key = `${operation} ${status} ${contentType}`;
    const known = this.#schemas.get(key);
    if (known !== undefined) return known;
    const response = this.#operations.get(operation)?.responses[String(status)];
    const content = response?.content[contentType.split(';')[0] as string];
    if (content === undefined) return undefined;
    const schema = z.fromJSONSchema(asJsonSchema(content.schema, this.document));
    this.#schemas.set(key, schema);
    return schema;
  }
}
