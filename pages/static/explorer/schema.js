// The schema as introspection tells it.

/** Asks for everything that the documentation and the completions show; seven wrappings are enough for `[[X!]!]!`. */
export const INTROSPECTION = `query Introspection {
  __schema {
    queryType { name }
    mutationType { name }
    subscriptionType { name }
    types {
      kind name description
      fields(includeDeprecated: true) {
        name description isDeprecated deprecationReason
        args { ...InputParts }
        type { ...TypeParts }
      }
      inputFields { ...InputParts }
      interfaces { name }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { name }
    }
  }
}
fragment InputParts on __InputValue { name description defaultValue type { ...TypeParts } }
fragment TypeParts on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }
}`;

/** A type as GraphQL writes it: `[Appointment!]!`. */
export function typeText(type) {
  if (type.kind === "NON_NULL") return `${typeText(type.ofType)}!`;
  if (type.kind === "LIST") return `[${typeText(type.ofType)}]`;
  return type.name;
}

/** The name of a type without its wrappings. */
export function nameOf(type) {
  return type.ofType ? nameOf(type.ofType) : type.name;
}

export class Schema {
  /** From the `data` of the answer to INTROSPECTION. */
  constructor({ __schema: told }) {
    this.types = new Map(told.types.map((type) => [type.name, type]));
    this.roots = { query: told.queryType?.name, mutation: told.mutationType?.name, subscription: told.subscriptionType?.name };
  }

  /** The type of this name, or what a wrapped type wraps; undefined if there is none. */
  type(type) {
    return this.types.get(typeof type === "object" ? nameOf(type) : type);
  }

  field(type, name) {
    return type?.fields?.find((field) => field.name === name);
  }

  /** The types that may stand after `... on` in a selection of this type. */
  fragmentTypes(type) {
    return [type, ...(type?.possibleTypes ?? []), ...this.sharedInterfaces(type)].filter(Boolean).map(({ name }) => name);
  }

  sharedInterfaces(type) {
    const members = (type?.possibleTypes ?? []).map(({ name }) => this.types.get(name));
    const names = new Set(members.flatMap((member) => member?.interfaces ?? []).map(({ name }) => name));
    names.delete(type?.name);
    return [...names].sort().map((name) => ({ name }));
  }

  /** Types and fields whose names contain the text, as [{type, field}], at most `most`. */
  search(text, most = 60) {
    const sought = text.toLowerCase();
    const found = [];
    for (const type of this.types.values()) {
      if (type.name.startsWith("__")) continue;
      if (type.name.toLowerCase().includes(sought)) found.push({ type });
      for (const field of type.fields ?? type.inputFields ?? []) {
        if (field.name.toLowerCase().includes(sought)) found.push({ type, field });
      }
    }
    return found.slice(0, most);
  }
}
