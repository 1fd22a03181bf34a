import type { Delivery } from '../api/types';
import { sentence } from '../lib/format';

/** Says where an alert was sent. */
export function channelWords(channel: string): string {
  switch (channel) {
    case 'stdout':
      return 'Log of the service';
    default:
      return sentence(channel);
  }
}

/** Says how one delivery went. */
export function deliveryWords(delivery: Pick<Delivery, 'state' | 'attempts'>): { name: string; tone: 'ok' | 'warn' | 'alarm' } {
  switch (delivery.state) {
    case 'delivered':
      return { name: 'Delivered', tone: 'ok' };
    case 'due':
      return delivery.attempts === 0 ? { name: 'On its way', tone: 'ok' } : { name: 'Trying again', tone: 'warn' };
    case 'dead':
      return { name: 'Not delivered', tone: 'alarm' };
    default:
      return { name: sentence(delivery.state), tone: 'warn' };
  }
}

/** Says what became of an alert that was sent nowhere. */
export function outcomeWords(outcome: string | null): string {
  switch (outcome) {
    case 'silenced':
      return 'Nobody: the same thing was announced a moment before.';
    case 'inhibited':
      return 'Nobody: a more important alert covers this one.';
    case 'expired':
      return 'Nobody: it was too old when it could have been sent.';
    case null:
    case 'pending':
      return 'It is being sent.';
    default:
      return 'Nobody yet.';
  }
}
