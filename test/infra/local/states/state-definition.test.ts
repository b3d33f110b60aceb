import validate from 'asl-validator';
import { describe, expect, it } from 'vitest';
import { arnOf } from '#infra/local/aws-service.ts';
import type { Json, JsonObject } from '#infra/local/json.ts';
import { checkedDefinition } from '#infra/local/states/state-definition.ts';
import { lambda, outputOf, single } from '../machines.ts';

/** As CDK writes them: each kind of state and of field that the local stack knows. */
const PIPELINE = {
  Comment: 'Ingests what was dropped',
  QueryLanguage: 'JSONPath',
  StartAt: 'Split',
  TimeoutSeconds: 3600,
  States: {
    Split: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Parameters: { FunctionName: `${arnOf('lambda', 'function:split')}:live`, 'Payload.$': '$' },
      OutputPath: '$.Payload',
      TimeoutSeconds: 60,
      Retry: [
        {
          ErrorEquals: ['Lambda.ServiceException', 'Lambda.SdkClientException'],
          IntervalSeconds: 2,
          MaxAttempts: 6,
          BackoffRate: 2,
          MaxDelaySeconds: 60,
          JitterStrategy: 'FULL',
        },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Failed' }],
      Next: 'Any?',
    },
    'Any?': {
      Type: 'Choice',
      Choices: [
        {
          And: [
            { Variable: '$.parts', IsPresent: true },
            { Variable: '$.parts', NumericGreaterThan: 0 },
          ],
          Next: 'Parts',
        },
        { Not: { Variable: '$.parts', IsPresent: false }, Next: 'Nothing' },
      ],
      Default: 'Failed',
    },
    Parts: {
      Type: 'Map',
      Label: 'Parts',
      MaxConcurrency: 10,
      ToleratedFailureCount: 0,
      ToleratedFailurePercentage: 0,
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSON' },
        Parameters: { 'Bucket.$': '$.bucket', 'Key.$': '$.key' },
      },
      ItemSelector: { 'part.$': '$$.Map.Item.Value', 'at.$': '$$.Map.Item.Index', 'job.$': '$.job' },
      ItemBatcher: { MaxItemsPerBatch: 4, BatchInput: { 'job.$': '$.job' } },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'Part',
        States: { Part: { Type: 'Task', Resource: arnOf('lambda', 'function:part'), End: true } },
      },
      ResultPath: '$.results',
      Next: 'Both',
    },
    Both: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 1, End: true } } },
        {
          StartAt: 'Note',
          States: { Note: { Type: 'Pass', Result: { noted: true }, ResultPath: '$.note', End: true } },
        },
      ],
      ResultSelector: { 'note.$': '$[1].note', 'count.$': 'States.ArrayLength($[1].results)' },
      Next: 'Done',
    },
    Done: { Type: 'Succeed' },
    Nothing: { Type: 'Pass', Parameters: { 'name.$': "States.Format('nothing in {}', $$.Execution.Name)" }, End: true },
    Failed: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
  },
};

describe('a definition', () => {
  it('of all that is known here is valid for AWS, and runs', async () => {
    const { isValid, errorsText } = validate(PIPELINE);
    const given: Json[] = [];
    const functions = {
      split: (payload: Json) => ({ ...Object(payload), parts: 5, job: 'j' }),
      part: (payload: Json) => given.push(payload),
    };

    const output = await outputOf(
      checkedDefinition(PIPELINE),
      { bucket: 'data', key: 'parts' },
      { functions, objects: { 'data/parts': '[1,2,3,4,5]' } },
    );

    expect([isValid, errorsText()]).toEqual([true, '']);
    expect(output).toEqual({ note: { noted: true }, count: 2 });
    const items = [0, 1, 2, 3, 4].map((at) => ({ part: at + 1, at, job: 'j' }));
    expect(given).toEqual([
      { BatchInput: { job: 'j' }, Items: items.slice(0, 4) },
      { BatchInput: { job: 'j' }, Items: items.slice(4) },
    ]);
  });

  it.each<[string, JsonObject]>([
    ['a target that is not there', { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' } } }],
    ['no end', { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'A' } } }],
    ['a number of attempts that is a text', single(lambda('x', { Retry: [{ ErrorEquals: ['A'], MaxAttempts: '3' }] }))],
    ['both an end and a next', single({ Type: 'Pass', End: true, Next: 'Only' })],
    ['a wait for nothing', single({ Type: 'Wait' })],
  ])('with %s is refused, as by AWS', (_, definition) => {
    expect(validate(definition).isValid).toBe(false);
    expect(() => checkedDefinition(definition)).toThrow('State machine definition is invalid');
  });

  it.each([null, 'text', [], {}, { StartAt: 'A', States: [] }, { StartAt: 'A', States: { A: 'text' } }])(
    'is not %j',
    (definition) => {
      expect(() => checkedDefinition(definition)).toThrow('expected');
    },
  );

  const inline = { StartAt: 'Each', States: { Each: { Type: 'Pass', End: true } } };
  const distributed = { ...inline, ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } };
  const invoke = (Parameters: JsonObject) => ({ Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Parameters });
  const map = (more: JsonObject) => ({ Type: 'Map', ItemProcessor: distributed, ...more });
  const reader = (more: JsonObject) => {
    const Parameters = { Bucket: 'b', Key: 'k' };
    const ItemReader = { Resource: 'arn:aws:states:::s3:getObject', ReaderConfig: { InputType: 'JSON' }, Parameters };
    return map({ ItemReader: { ...ItemReader, ...more } });
  };

  it.each<[string, JsonObject]>([
    ['the type Activity of', { Type: 'Activity' }],
    [
      'the resource arn:aws:states:::events:putEvents of',
      { Type: 'Task', Resource: 'arn:aws:states:::events:putEvents' },
    ],
    [
      'the resource arn:aws:states:::aws-sdk:s3:listObjectsV2 of',
      { Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:s3:listObjectsV2' },
    ],
    [
      'the resource arn:aws:states:::lambda:invoke.waitForTaskToken of',
      { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken' },
    ],
    ['HeartbeatSeconds in', lambda('x', { HeartbeatSeconds: 5 })],
    ['TimeoutSecondsPath in', lambda('x', { TimeoutSecondsPath: '$.t' })],
    ['Assign in', lambda('x', { Assign: { a: 1 } })],
    ['the QueryLanguage "JSONata" in', lambda('x', { QueryLanguage: 'JSONata' })],
    ['Arguments in', lambda('x', { Arguments: {} })],
    ['the path "$.a[*]" in the InputPath of', lambda('x', { InputPath: '$.a[*]' })],
    ['the path "$$.Execution.Input" in the OutputPath of', lambda('x', { OutputPath: '$$.Execution.Input' })],
    ['the ResultPath "$[\'a\']" of', lambda('x', { ResultPath: "$['a']" })],
    [
      'the ResultPath "$.a[0]" of',
      lambda('x', { Catch: [{ ErrorEquals: ['A'], Next: 'Only', ResultPath: '$.a[0]' }] }),
    ],
    ['States.DataLimitExceeded in a Catch of', lambda('x', { Catch: [{ ErrorEquals: ['States.DataLimitExceeded'] }] })],
    ['States.Runtime in a Retry of', lambda('x', { Retry: [{ ErrorEquals: ['A', 'States.Runtime'] }] })],
    ['Delay in a Retry of', lambda('x', { Retry: [{ ErrorEquals: ['A'], Delay: 5 }] })],
    ['the path $..a in the Parameters of', lambda('x', { Parameters: { 'a.$': '$..a' } })],
    ['States.Hash in the ResultSelector of', lambda('x', { ResultSelector: { 'a.$': "States.Hash($.a, 'MD5')" } })],
    ['Qualifier in', invoke({ FunctionName: 'f', Payload: {}, Qualifier: 'live' })],
    ['the InvocationType Event of', invoke({ FunctionName: 'f', Payload: {}, InvocationType: 'Event' })],
    ['no Payload in', invoke({ FunctionName: 'f' })],
    ['Iterator in', { Type: 'Map', Iterator: inline }],
    ['MaxConcurrencyPath in', map({ MaxConcurrencyPath: '$.a' })],
    ['ResultWriter in', map({ ResultWriter: { Resource: 'arn:aws:states:::s3:putObject', Parameters: {} } })],
    ['ToleratedFailureCount in', map({ ToleratedFailureCount: 1 })],
    ['ToleratedFailurePercentage in', map({ ToleratedFailurePercentage: 5 })],
    ['ToleratedFailureCountPath in', map({ ToleratedFailureCountPath: '$.a' })],
    [
      'ItemBatcher in the state "Only", which is not',
      { Type: 'Map', ItemProcessor: inline, ItemBatcher: { MaxItemsPerBatch: 2 } },
    ],
    ['MaxInputBytesPerBatch in', map({ ItemBatcher: { MaxItemsPerBatch: 2, MaxInputBytesPerBatch: 100 } })],
    [
      'the path $$.Map.Item.Value in the BatchInput of',
      map({ ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { 'a.$': '$$.Map.Item.Value' } } }),
    ],
    [
      'the resource arn:aws:states:::s3:listObjectsV2 of the ItemReader of',
      reader({ Resource: 'arn:aws:states:::s3:listObjectsV2' }),
    ],
    ['the InputType "CSV" of', reader({ ReaderConfig: { InputType: 'CSV' } })],
    ['MaxItems in the ReaderConfig of', reader({ ReaderConfig: { InputType: 'JSON', MaxItems: 5 } })],
    ['VersionId in the ItemReader of', reader({ Parameters: { Bucket: 'b', Key: 'k', VersionId: 'v' } })],
    [
      'the path $$.Map.Item.Value in the ItemReader of',
      reader({ Parameters: { Bucket: 'b', 'Key.$': '$$.Map.Item.Value' } }),
    ],
    ['StringLike in a rule of', { Type: 'Choice', Choices: [{ Variable: '$.a', StringLike: 'x', Next: 'Only' }] }],
    ['ProcessorMode in', { Type: 'Map', ItemProcessor: { ...inline, ProcessorConfig: { ProcessorMode: 'X' } } }],
    ['the Mode "FAST" of', { Type: 'Map', ItemProcessor: { ...inline, ProcessorConfig: { Mode: 'FAST' } } }],
    [
      'Arguments in the state "Deep"',
      {
        Type: 'Parallel',
        Branches: [
          {
            StartAt: 'M',
            States: {
              M: {
                Type: 'Map',
                End: true,
                ItemProcessor: { StartAt: 'Deep', States: { Deep: { Type: 'Pass', Arguments: 1, End: true } } },
              },
            },
          },
        ],
      },
    ],
  ])('is refused by name with %s a state', (name, state) => {
    expect(() => checkedDefinition(single(state))).toThrow(`expected what the local stack knows, got ${name}`);
  });

  it('is refused by name with JSONata for the whole machine', () => {
    expect(() => checkedDefinition({ ...single({ Type: 'Succeed' }), QueryLanguage: 'JSONata' })).toThrow(
      'the QueryLanguage "JSONata" in the machine',
    );
  });
});
