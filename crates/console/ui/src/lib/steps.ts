/** The steps that were taken, for undo and redo. Never changed, only replaced. */
export interface Steps<T> {
  past: readonly T[];
  present: T;
  future: readonly T[];
  /** Names the action that made the present; the same action going on (a drag, typing) stays one step. */
  action: string | null;
}

const MOST = 200;

export function begun<T>(present: T): Steps<T> {
  return { past: [], present, future: [], action: null };
}

/** Takes a step. With the name of the action that is going on already, the present step is replaced instead. */
export function taken<T>(steps: Steps<T>, next: T, action: string | null = null): Steps<T> {
  const goesOn = action !== null && action === steps.action;
  const past = goesOn ? steps.past : [...steps.past, steps.present].slice(-MOST);
  return { past, present: next, future: [], action };
}

export function undone<T>(steps: Steps<T>): Steps<T> {
  const before = steps.past.at(-1);
  if (before === undefined) return steps;
  return { past: steps.past.slice(0, -1), present: before, future: [steps.present, ...steps.future], action: null };
}

export function redone<T>(steps: Steps<T>): Steps<T> {
  const [after, ...future] = steps.future;
  if (after === undefined) return steps;
  return { past: [...steps.past, steps.present], present: after, future, action: null };
}
