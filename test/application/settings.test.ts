import { describe, expect, it } from 'vitest';
import { Invalid } from '#application/errors.ts';
import { SETTINGS, settingsFrom, variableOf } from '#application/settings.ts';

const bounds = Object.entries(SETTINGS).map(([name, setting]) => {
  const { minValue, maxValue } = setting.unwrap();
  return { name, variable: variableOf(name), setting, minValue: Number(minValue), maxValue: Number(maxValue) };
});

describe.each(bounds)('$variable', ({ name, variable, setting, minValue, maxValue }) => {
  const read = (text: string | undefined) => new Map(Object.entries(settingsFrom({ [variable]: text }))).get(name);

  it('has a unit and says what more of it does', () => {
    expect(setting.meta()).toEqual({ unit: expect.stringMatching(/\w/), effect: expect.stringMatching(/\.$/) });
  });

  it('has a default within its bounds, also where it is set to nothing', () => {
    const value = read(undefined);

    expect(value).toBeGreaterThanOrEqual(minValue);
    expect(value).toBeLessThanOrEqual(maxValue);
    expect(read('')).toBe(value);
  });

  it('may be at its bounds', () => {
    expect([read(String(minValue)), read(String(maxValue))]).toEqual([minValue, maxValue]);
  });

  it.each([String(minValue - 1), String(maxValue + 1), 'many', '1.5', '1_000', 'NaN', 'Infinity', '-1'])(
    'may not be %s',
    (text) => {
      expect(() => read(text)).toThrow(Invalid);
      expect(() => read(text)).toThrow(
        `${variable}: expected a whole number from ${minValue} to ${maxValue}, got ${JSON.stringify(text)}`,
      );
    },
  );
});

describe('settings', () => {
  it('have variables that begin with akin’s name', () => {
    expect(variableOf('maxShardUsers')).toBe('AKIN_MAX_SHARD_USERS');
  });

  it('take no notice of other variables', () => {
    expect(settingsFrom({ PATH: '/bin', AKIN_COLOUR: 'red', MIN_SEEDS: '3' })).toEqual(settingsFrom({}));
  });
});
