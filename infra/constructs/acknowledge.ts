/** Findings of cdk-nag that stand as they are, each with its reason. */
import { CfnElement, Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

export function acknowledge(scope: IConstruct, id: string, reason: string): void {
  Validations.of(scope).acknowledge({ id, reason });
}

/** A permission on a pattern of resources, as cdk-nag names it: `<logicalId.Arn>/index/*`. */
export function acknowledgePattern(scope: IConstruct, pattern: string, reason: string): void {
  acknowledge(scope, `AwsSolutions-IAM5[Resource::${pattern}]`, reason);
}

/** The resource's ARN as it stands in such a name. */
export function arnInFinding(construct: IConstruct): string {
  return `<${logicalIdOf(construct)}.Arn>`;
}

export function logicalIdOf({ node }: IConstruct): string {
  const { defaultChild } = node;
  if (!CfnElement.isCfnElement(defaultChild)) throw new Error(`expected a resource at ${node.path}, got none`);
  return Stack.of(defaultChild).getLogicalId(defaultChild);
}
