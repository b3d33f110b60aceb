import { describe, expect, it } from 'vitest';
import { FORMAT_VERSION, parseManifest } from '#application/manifest.ts';
import { manifestAt } from '../contracts/catalog.contract.ts';

const whole = manifestAt(3);
const [shard] = whole.shards;

describe('manifest', () => {
  it('is read as it was written', () => {
    expect(parseManifest(JSON.stringify(whole), 'm.json')).toEqual(whole);
  });

  it('of a newer format is refused before anything else in it is looked at', () => {
    const newer = JSON.stringify({ formatVersion: FORMAT_VERSION + 1, shards: 'elsewhere' });

    expect(() => parseManifest(newer, 'm.json')).toThrow(
      `m.json: expected format version ${FORMAT_VERSION} or older, got ${FORMAT_VERSION + 1}; a newer akin wrote it, so update this one`,
    );
  });

  it.each([
    ['formatVersion', { ...whole, formatVersion: 0 }],
    ['generation', { ...whole, generation: 0 }],
    ['generation', { ...whole, generation: 1.5 }],
    ['users', { ...whole, users: '300' }],
    ['shards', { ...whole, shards: [] }],
    ['shards.0.name', { ...whole, shards: [{ ...shard, name: '../../etc/passwd' }] }],
    ['shards.0.name', { ...whole, shards: [{ ...shard, name: 'index/people/..' }] }],
    ['shards.0.bytes', { ...whole, shards: [{ ...shard, bytes: 0 }] }],
    ['shards.0.sha256', { ...whole, shards: [{ ...shard, sha256: 'F'.repeat(64) }] }],
  ])('is refused where its %s is wrong', (part, content) => {
    expect(() => parseManifest(JSON.stringify(content), 'm.json')).toThrow(
      `m.json: the manifest is damaged: its ${part} is wrong: `,
    );
  });

  it.each(['', '{', '{"formatVersion":1'])('is refused where it is no JSON: %j', (text) => {
    expect(() => parseManifest(text, 'm.json')).toThrow('m.json: the manifest is damaged: expected JSON');
  });
});
