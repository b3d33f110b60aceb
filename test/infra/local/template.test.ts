import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Roles } from '#infra/local/permissions.ts';
import { Template } from '#infra/local/template.ts';
import { temporaryFolder } from '../../adapters/temporary-folder.ts';

const ROLE = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } };
const FUNCTION = {
  Type: 'AWS::Lambda::Function',
  Properties: { Code: { S3Key: 'abc.zip' }, Role: { 'Fn::GetAtt': ['Role', 'Arn'] } },
};
const BUCKET = { Type: 'AWS::S3::Bucket' };

function templateOf(resources: object, outputs: object = {}): Template {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 's.template.json'), JSON.stringify({ Resources: resources, Outputs: outputs }));
  writeFileSync(join(folder, 's.assets.json'), JSON.stringify({ files: { abc: { source: { path: 'asset.abc' } } } }));
  return new Template(folder, 's');
}

function policyOf(statement: object) {
  return {
    Type: 'AWS::IAM::Policy',
    Properties: { PolicyName: 'p', Roles: [{ Ref: 'Role' }], PolicyDocument: { Statement: statement } },
  };
}

function rolesOf(statement: object): Roles {
  return new Roles(templateOf({ Role: ROLE, Function: FUNCTION, Bucket: BUCKET, Policy: policyOf(statement) }));
}

describe('a template', () => {
  it('comes to names and ARNs of this laptop', () => {
    const template = templateOf({
      Bucket: BUCKET,
      Queue: { Type: 'AWS::SQS::Queue' },
      Machine: { Type: 'AWS::StepFunctions::StateMachine', Properties: { StateMachineName: 'akin-upload' } },
    });
    template.endpoint = 'http://127.0.0.1:1';

    expect(template.resolve({ Ref: 'Bucket' })).toBe('bucket');
    expect(template.resolve({ Ref: 'Queue' })).toBe('http://127.0.0.1:1/000000000000/Queue');
    expect(template.resolve({ 'Fn::GetAtt': ['Queue', 'Arn'] })).toBe('arn:aws:sqs:us-east-1:000000000000:Queue');
    expect(template.resolve({ Ref: 'Machine' })).toBe('arn:aws:states:us-east-1:000000000000:stateMachine:akin-upload');
    expect(template.resolve({ a: ['arn:', { Ref: 'AWS::Partition' }] })).toEqual({ a: ['arn:', 'aws'] });
    expect(template.resolve({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3']] })).toBe('arn:aws:s3');
    expect(template.resolve({ 'Fn::Select': [1, { 'Fn::Split': [':', 'a:b:c'] }] })).toBe('b');
  });

  it.each([
    [
      { X: { Type: 'AWS::EC2::Instance' } },
      'expected what the local stack knows, got X, a resource of type AWS::EC2::Instance',
    ],
    [
      { X: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } } },
      'expected what the local stack knows, got the property FifoQueue of X, a AWS::SQS::Queue',
    ],
  ])('is refused by the name of what is not known: %j', (resources, sentence) => {
    expect(() => templateOf(resources)).toThrow(sentence);
  });

  it.each([
    [{ 'Fn::Sub': 'x' }, 'expected what the local stack knows, got {"Fn::Sub":"x"}'],
    [
      { 'Fn::GetAtt': ['Bucket', 'DomainName'] },
      'expected what the local stack knows, got {"Fn::GetAtt":["Bucket","DomainName"]}',
    ],
    [{ Ref: 'Nobody' }, 'expected what the local stack knows, got a Ref to Nobody'],
  ])('refuses the intrinsic %j', (value, sentence) => {
    expect(() => templateOf({ Bucket: BUCKET }).resolve(value)).toThrow(sentence);
  });
});

describe('a role', () => {
  const read = (resource: string, prefix?: string) => ({
    action: prefix === undefined ? 's3:GetObject' : 's3:ListBucket',
    resource,
    ...(prefix === undefined ? {} : { context: { 's3:prefix': prefix } }),
  });

  it('allows what a statement names, by pattern, and nothing else', () => {
    const roles = rolesOf([
      {
        Effect: 'Allow',
        Action: 's3:GetObject',
        Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, '/parts/*']] },
      },
      {
        Effect: 'Allow',
        Action: ['s3:ListBucket'],
        Resource: { 'Fn::GetAtt': ['Bucket', 'Arn'] },
        Condition: { StringLike: { 's3:prefix': ['parts/*'] } },
      },
    ]);

    expect(() => roles.check('Function', read('arn:aws:s3:::bucket/parts/a/b'))).not.toThrow();
    expect(() => roles.check('Function', read('arn:aws:s3:::bucket', 'parts/a/'))).not.toThrow();
    for (const call of [
      read('arn:aws:s3:::bucket/seeds/a'),
      read('arn:aws:s3:::bucket/partsx'),
      read('arn:aws:s3:::other/parts/a'),
      { ...read('arn:aws:s3:::bucket/parts/a'), action: 's3:PutObject' },
      read('arn:aws:s3:::bucket', 'seeds/'),
      read('arn:aws:s3:::bucket', ''),
      { action: 's3:ListBucket', resource: 'arn:aws:s3:::bucket' },
    ]) {
      expect(() => roles.check('Function', call)).toThrow('Function is not authorized to perform');
    }
  });

  it.each([
    [{ Effect: 'Deny', Action: 's3:GetObject', Resource: '*' }, 'got "Deny" in Policy'],
    [{ Effect: 'Allow', NotAction: 's3:GetObject', Resource: '*' }, 'got NotAction in Policy'],
    [
      { Effect: 'Allow', Action: 's3:*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'true' } } },
      'got the condition Bool in Policy',
    ],
  ])('is refused where it says what is not known: %j', (statement, sentence) => {
    expect(() => rolesOf(statement).permissionsOf('Function')).toThrow(sentence);
  });
});
