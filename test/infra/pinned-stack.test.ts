/** What the template has of pinned populations, besides what every stack has. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stackSettingsFrom } from '#infra/stack-settings.ts';
import { ofType, type Resource, referencesIn, resourcesIn, synthesized } from './assembly.ts';

let folder = '';
let resources: Readonly<Record<string, Resource>> = {};

beforeAll(async () => {
  folder = await synthesized({}, ['pinned=shop,people.eu']);
  resources = resourcesIn(folder);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const all = (type: string) => ofType(resources, type);
const shortOf = (id: string) => id.replace(/[0-9A-F]{8}$/, '');

describe('a stack with pinned populations', () => {
  it('has no findings of cdk-nag', () => {
    const report = JSON.parse(readFileSync(join(folder, 'validation-report.json'), 'utf8'));

    expect(report.pluginReports).toEqual([]);
  });

  it('has an expansion function, an alias and a queue for each', () => {
    const ids = all('AWS::Lambda::Function').map(({ id }) => shortOf(id));
    const sources = all('AWS::Lambda::EventSourceMapping').map(({ properties }) =>
      referencesIn(properties.FunctionName),
    );

    for (const name of ['pinnedshop', 'pinnedpeopleeu']) {
      expect(ids).toContain(`${name}expanddrop`);
      expect(sources.flat().map(shortOf)).toContain(`${name}live`);
    }
    expect(all('AWS::Lambda::Alias').map(({ properties }) => [properties.Name, properties.FunctionVersion])).toEqual([
      ['live', '$LATEST'],
      ['live', '$LATEST'],
    ]);
    expect(ids).toContain('pinindex');
  });

  it('gives each seed file to one queue', () => {
    const keys = all('AWS::Events::Rule').flatMap(({ properties }) => {
      const { detail } = JSON.parse(JSON.stringify(properties.EventPattern));
      return JSON.stringify(detail?.object?.key ?? '').includes('seeds/') ? [detail.object.key] : [];
    });

    expect(keys).toHaveLength(3);
    expect(keys).toContainEqual([{ prefix: 'seeds/shop/' }]);
    expect(keys).toContainEqual([{ prefix: 'seeds/people.eu/' }]);
    expect(keys).toContainEqual([
      {
        'anything-but': {
          prefix: ['seeds/shop/', 'seeds/people.eu/', 'populations/', 'index/', 'audiences/', 'live/', 'parts/'],
        },
      },
    ]);
  });

  it('pins after uploads, after a population is forgotten, and after deployments of this very stack', () => {
    const rule = all('AWS::Events::Rule').find(({ id }) => id.startsWith('changedindexes'));

    expect(rule?.properties.EventPattern).toEqual({
      source: ['akin', 'aws.cloudformation'],
      'detail-type': ['upload done', 'population forgotten', 'CloudFormation Stack Status Change'],
      detail: {
        $or: [
          { population: ['shop', 'people.eu'] },
          {
            'stack-id': [{ Ref: 'AWS::StackId' }],
            'status-details': { status: ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE'] },
          },
        ],
      },
    });
  });

  it('lets who pins remove versions of pinned functions alone, and no function', () => {
    const removals = all('AWS::IAM::Policy').flatMap(({ properties }) => {
      const { Statement } = JSON.parse(JSON.stringify(properties.PolicyDocument));
      return [Statement].flat().filter(({ Action }) => [Action].flat().includes('lambda:DeleteFunction'));
    });

    expect(removals).toHaveLength(2);
    for (const { Resource: on } of removals) {
      expect(on).toEqual({ 'Fn::Join': ['', [{ 'Fn::GetAtt': [expect.stringMatching(/^pinned/), 'Arn'] }, ':*']] });
    }
  });
});

describe('the setting of pinned populations', () => {
  const settingOf = (pinned: string) => stackSettingsFrom(new App({ context: { pinned } }).node).pinned;
  const names = (count: number) => Array.from({ length: count }, (_, n) => `p${n}`);

  it('is a list of names', () => {
    expect(settingOf('')).toEqual([]);
    expect(settingOf('shop,people.eu')).toEqual(['shop', 'people.eu']);
    expect(settingOf(names(10).join())).toHaveLength(10);
  });

  it.each([
    { given: names(11).join(), reason: 'Too big' },
    { given: 'shop,shop', reason: 'each name once' },
    { given: 'shop, people', reason: 'names of populations, separated by commas' },
    { given: '../shop', reason: 'names of populations, separated by commas' },
  ])('is not $given', ({ given, reason }) => {
    expect(() => settingOf(given)).toThrow(reason);
  });
});
