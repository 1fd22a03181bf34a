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
export function deliveryWords(outcome: string): { name: string; tone: 'ok' | 'warn' | 'alarm' } {
  switch (outcome) {
    case 'delivered':
      return { name: 'Delivered', tone: 'ok' };
    case 'pending':
    case 'try_later':
    case 'retrying':
      return { name: 'On its way', tone: 'warn' };
    case 'refused':
      return { name: 'Refused', tone: 'alarm' };
    case 'dead_lettered':
    case 'failed':
      return { name: 'Not delivered', tone: 'alarm' };
    default:
      return { name: sentence(outcome), tone: 'warn' };
  }
}

/** Says what became of an alert that has no delivery to show. */
export function outcomeWords(outcome: string | null): string {
  switch (outcome) {
    case 'silenced':
    case 'suppressed':
    case 'debounced':
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
