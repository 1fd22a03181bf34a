/** Returns an address of one robot's own service. */
export function robotApi(robot: string, path: string): string {
  return `/api/${encodeURIComponent(robot)}/v1/${path}`;
}

/** Returns an address of what all robots share. */
export function patrolApi(path: string): string {
  return `/api/v1/${path}`;
}
