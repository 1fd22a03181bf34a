import { describe, expect, it } from 'vitest';
import { channelWords, deliveryWords, outcomeWords } from './outcomes';

describe('a delivery', () => {
  it.each([
    ['delivered', 1, 'Delivered', 'ok'],
    ['due', 0, 'On its way', 'ok'],
    ['due', 2, 'Trying again', 'warn'],
    ['dead', 5, 'Not delivered', 'alarm'],
    ['put_aside', 1, 'Put aside', 'warn'],
  ])('that is %s after %i attempts reads "%s"', (state, attempts, name, tone) => {
    expect(deliveryWords({ state, attempts })).toEqual({ name, tone });
  });

  it('says where it went without jargon', () => {
    expect(channelWords('stdout')).toBe('Log of the service');
    expect(channelWords('webhook')).toBe('Webhook');
  });
});

describe('an alert that was sent nowhere', () => {
  it('says why', () => {
    expect(outcomeWords('silenced')).toContain('a moment before');
    expect(outcomeWords('expired')).toContain('too old');
    expect(outcomeWords(null)).toBe('It is being sent.');
  });
});
