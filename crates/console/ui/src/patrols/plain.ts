/** Returns the beginning of a Markdown text as one plain line, for lists. */
export function plain(markdown: string): string {
  return markdown
    .split('\n')
    .map((line) => line.replace(/^\s*(#{1,6}|>|[-*+]|\d+\.)\s+/, '').trim())
    .filter((line) => line !== '' && !/^[|\s:-]*$/.test(line) && !/^[-*_]{3,}$/.test(line) && !line.startsWith('```'))
    .map((line) => line.replace(/^\||\|$/g, '').replace(/\s*\|\s*/g, ', '))
    .join(' · ')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*\*|__|\*|`)/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
