/**
 * What a role allows, as far as the policies of the stack go: actions and resources with wildcards, and StringLike on what a
 * call says of itself. A policy that says more is refused by name, so that nothing is taken for allowed that is not.
 */

import type { Call } from './aws-service.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Resource, Template } from './template.ts';

export interface Permission {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Patterns by the name of what they are about; one of them must match. */
  readonly conditions: Readonly<Record<string, readonly string[]>>;
}

/** All that the role of a function or a state machine allows. */
export function permissionsOf(template: Template, id: string): Permission[] {
  const holder = template.resources.find((resource) => resource.id === id);
  const role = template.pointedAt(holder?.properties.Role ?? holder?.properties.RoleArn);
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
