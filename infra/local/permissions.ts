/**
 * What a role allows, as far as the policies of the stack go: actions and resources with wildcards, and StringLike on what a
 * call says of itself. A policy that says more is refused by name, so that nothing is taken for allowed that is not.
 */

import { AwsFault, type Call } from './aws-service.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Resource, Template } from './template.ts';

export interface Permission {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Patterns by the name of what they are about; one of them must match. */
  readonly conditions: Readonly<Record<string, readonly string[]>>;
}

/** The roles of functions and state machines, by the logical ids of these. */
export class Roles {
  readonly #template: Template;
  readonly #known = new Map<string, readonly Permission[]>();

  constructor(template: Template) {
    this.#template = template;
  }

  permissionsOf(caller: string): readonly Permission[] {
    const permissions = this.#known.get(caller) ?? permissionsOf(this.#template, caller);
    this.#known.set(caller, permissions);
    return permissions;
  }

  /** AwsFault 403 for a call that the caller's role does not allow. */
  check(caller: string, call: Call): void {
    if (this.permissionsOf(caller).some((permission) => allows(permission, call))) return;
    const { action, resource } = call;
    throw new AwsFault(403, 'AccessDenied', `${caller} is not authorized to perform ${action} on ${resource}`);
  }
}

function permissionsOf(template: Template, id: string): Permission[] {
  const { properties: holder } = template.resource(id);
  const role = template.pointedAt(holder.Role ?? holder.RoleArn);
  return template
    .ofType('AWS::IAM::Policy')
    .filter(({ properties }) => listOf(properties.Roles).some((each) => template.pointedAt(each) === role))
    .flatMap((policy) => statementsOf(template, policy));
}

export function allows(permission: Permission, { action, resource, context = {} }: Call): boolean {
  return (
    permission.actions.some((pattern) => fits(pattern, action)) &&
    permission.resources.some((pattern) => fits(pattern, resource)) &&
    Object.entries(permission.conditions).every(([name, patterns]) =>
      patterns.some((pattern) => context[name] !== undefined && fits(pattern, context[name])),
    )
  );
}

function statementsOf(template: Template, { id, properties }: Resource): Permission[] {
  const document = template.resolve(properties.PolicyDocument);
  return listOf(isObject(document) ? document.Statement : null).map((statement) => {
    if (!isObject(statement)) throw new Error(`expected a statement in ${id}, got ${JSON.stringify(statement)}`);
    const { Action, Resource: resources, Effect, Condition, ...others } = statement;
    const [stranger] = Object.keys(others).filter((name) => name !== 'Sid');
    if (Effect !== 'Allow' || stranger !== undefined) {
      throw new Error(`expected what the local stack knows, got ${stranger ?? JSON.stringify(Effect)} in ${id}`);
    }
    return { actions: textsOf(Action), resources: textsOf(resources), conditions: conditionsOf(Condition, id) };
  });
}

function conditionsOf(condition: Json | undefined, id: string): Record<string, string[]> {
  if (condition === undefined) return {};
  const { StringLike, ...others }: JsonObject = isObject(condition) ? condition : {};
  const [stranger] = Object.keys(others);
  if (stranger !== undefined || !isObject(StringLike)) {
    throw new Error(`expected what the local stack knows, got the condition ${stranger} in ${id}`);
  }
  return Object.fromEntries(Object.entries(StringLike).map(([name, patterns]) => [name, textsOf(patterns)]));
}

function listOf(value: Json | undefined): Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function textsOf(value: Json | undefined): string[] {
  return listOf(value).map((each) => {
    if (typeof each === 'string') return each;
    throw new Error(`expected a text in a policy, got ${JSON.stringify(each)}`);
  });
}

/** `*` stands for anything, `?` for one character. */
function fits(pattern: string, text: string): boolean {
  const parts = pattern.split(/([*?])/).map((part) => (part === '*' ? '.*' : part === '?' ? '.' : RegExp.escape(part)));
  return new RegExp(`^${parts.join('')}$`, 's').test(text);
}
