import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { dynamodbLedger } from '#adapters/dynamodb-ledger.ts';
import { Conflict, Invalid } from '#application/errors.ts';
import { ledgerContract } from '../contracts/ledger.contract.ts';
import { emulated, ownTable, startLocalAws } from './aws-emulators.ts';
import { losingFirstAnswer } from './tampered-client.ts';

const url = emulated(startLocalAws);

ledgerContract('DynamoDB, of the local stack', (now) => {
  const { table, open } = ownTable(url);
  return dynamodbLedger(table, open, now);
});

describe('DynamoDB ledger', () => {
  it('is no rival of its own where the answer to a write was lost and the SDK sent it again', async () => {
    const { table, open, openAnother } = ownTable(url);
    const ledger = dynamodbLedger(table, losingFirstAnswer(openAnother, 'PutItemCommand'));

    await ledger.write('a', 'claimed', 0);

    expect(await dynamodbLedger(table, open).read('a')).toEqual({ content: 'claimed', version: 1 });
    await expect(ledger.write('a', 'claimed', 0)).rejects.toThrow(Conflict);
  });

  it('tells DynamoDB in whole seconds when to forget a record, and never too early', async () => {
    const { table, open } = ownTable(url);
    const ledger = dynamodbLedger(table, open, () => 1_000_000_000_000);
    await ledger.write('short', '', 0, 1_700_000_000_001);
    await ledger.write('for good', '', 0);

    const ttlOf = async (name: string) => {
      const command = new GetItemCommand({ TableName: table, Key: { pk: { S: 'ledger' }, sk: { S: name } } });
      return (await (await open()).send(command)).Item?.ttl;
    };

    expect(await ttlOf('short')).toEqual({ N: '1700000001' });
    expect(await ttlOf('for good')).toBeUndefined();
  });

  it('does not take for a record what is none', async () => {
    const { table, open } = ownTable(url);
    const Item = { pk: { S: 'ledger' }, sk: { S: 'a' }, version: { N: '1' } };
    await (await open()).send(new PutItemCommand({ TableName: table, Item }));

    await expect(dynamodbLedger(table, open).read('a')).rejects.toThrow(
      'expected content, version and writer in the record "a", found it without',
    );
  });

  it('says in one sentence that there is no such table', async () => {
    const ledger = dynamodbLedger('no-such-table', ownTable(url).openAnother);

    for (const attempt of [() => ledger.read('a'), () => ledger.write('a', '', 0)]) {
      await expect(attempt()).rejects.toThrow(Invalid);
      await expect(attempt()).rejects.toThrow('expected the table no-such-table, found none of that name');
    }
  });
});
