import { DescribeExecutionCommand, SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StatesService } from '#infra/local/states/states-service.ts';
import { localEndpoint } from '../local-endpoint.ts';
import { errorNamed, lambda, MACHINE_ARN, openMachine, single } from '../machines.ts';

async function openStates() {
  const functions = {
    work: (payload: unknown) => {
      if (payload === 'bad') throw errorNamed('Invalid');
      return { given: payload };
    },
  };
  const { machine } = openMachine(single(lambda('work')), { functions });
  const { config, calls } = await localEndpoint({ states: new StatesService([machine]) });
  const client = new SFNClient(config);
  onTestFinished(() => client.destroy());
  return { client, machine, calls };
}

const EXECUTION_ARN = 'arn:aws:states:us-east-1:000000000000:execution:Flow:job-1';

describe('the Step Functions client', () => {
  it('starts an execution and looks at it', async () => {
    const { client, machine, calls } = await openStates();

    const started = await client.send(
      new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, name: 'job-1', input: '{ "a": 1 }' }),
    );
    await machine.ended('job-1');
    const described = await client.send(new DescribeExecutionCommand({ executionArn: EXECUTION_ARN }));

    expect(started).toMatchObject({ executionArn: EXECUTION_ARN, startDate: expect.any(Date) });
    expect(described).toMatchObject({
      executionArn: EXECUTION_ARN,
      stateMachineArn: MACHINE_ARN,
      name: 'job-1',
      status: 'SUCCEEDED',
      startDate: started.startDate,
      stopDate: expect.any(Date),
      input: '{"a":1}',
      output: '{"given":{"a":1}}',
    });
    expect(Math.abs(Number(started.startDate) - Date.now())).toBeLessThan(60_000);
    expect(calls).toEqual([`states:StartExecution ${MACHINE_ARN}`, `states:DescribeExecution ${EXECUTION_ARN}`]);
  });

  it('learns how an execution failed', async () => {
    const { client, machine } = await openStates();
    await client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, name: 'job-1', input: '"bad"' }));
    await machine.ended('job-1');

    expect(await client.send(new DescribeExecutionCommand({ executionArn: EXECUTION_ARN }))).toMatchObject({
      status: 'FAILED',
      error: 'Invalid',
      cause: expect.stringContaining('Invalid'),
    });
  });

  it('may leave name and input away', async () => {
    const { client, machine } = await openStates();

    const { executionArn = '' } = await client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN }));

    expect(executionArn).toMatch(/:execution:Flow:[0-9a-f-]{36}$/);
    expect((await machine.ended(executionArn.split(':')[7])).output).toBe('{"given":{}}');
  });

  it.each([
    ['ExecutionAlreadyExists', { name: 'taken' }],
    ['InvalidName', { name: 'a b' }],
    ['InvalidExecutionInput', { input: '{' }],
    ['ValidationException', { input: JSON.stringify('a'.repeat(262_143)) }],
    ['StateMachineDoesNotExist', { stateMachineArn: `${MACHINE_ARN}2` }],
    ['NotImplemented', { traceHeader: 'Root=1' }],
  ])('is refused with %s: %o', async (name, fields) => {
    const { client, machine } = await openStates();
    machine.start('taken', {});
    await machine.ended('taken');

    await expect(
      client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, ...fields })),
    ).rejects.toMatchObject({ name });
  });

  it.each([EXECUTION_ARN, EXECUTION_ARN.replace('Flow', 'Other').replace('job-1', 'taken'), 'taken'])(
    'does not find %s, which was not started',
    async (executionArn) => {
      const { client, machine } = await openStates();
      machine.start('taken', {});

      await expect(client.send(new DescribeExecutionCommand({ executionArn }))).rejects.toMatchObject({
        name: 'ExecutionDoesNotExist',
      });
    },
  );

  it('is refused what is not known here, by its name', async () => {
    const { client } = await openStates();

    await expect(client.send(new StopExecutionCommand({ executionArn: EXECUTION_ARN }))).rejects.toThrow(
      'states:StopExecution',
    );
  });
});
