/** Returns the beginning of a Markdown text as one plain line, for lists: its sentences, or if it has none its headings and tables. */
export function plain(markdown: string): string {
  const lines = markdown.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^[|\s:-]*$/.test(line) && !/^[-*_]{3,}$/.test(line) && !line.startsWith('```'));
  const sentences = lines.filter((line) => !/^(#|\|)/.test(line));
  return (sentences.length > 0 ? sentences : lines)
    .map((line) => line.replace(/^(#{1,6}|>|[-*+]|\d+\.)\s+/, ''))
    .map((line) => line.replace(/^\||\|$/g, '').replace(/\s*\|\s*/g, ', '))
    .join(' · ')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*\*|__|\*|`)/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
