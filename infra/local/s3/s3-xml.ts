/** The little XML that S3 speaks: elements and text, no attributes that matter. */
import { AwsFault } from '../aws-service.ts';

export interface XmlElement {
  readonly name: string;
  /** Of an element without children. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

export function xmlDocument(root: string, children: readonly string[]): string {
  const open = `<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${open}${children.join('')}</${root}>`;
}

export function xmlElement(name: string, children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

export function xmlText(name: string, text: string | number | boolean): string {
  return xmlElement(name, [escaped(String(text))]);
}

/** Markup, and the control characters that a reader would drop or turn into line ends. */
function escaped(text: string): string {
  return text.replace(/[<>&"'\p{Cc}\u2028]/gu, (mark) => `&#${mark.charCodeAt(0)};`);
}

/** The children of the document's root, which must have that name. */
export function readXml(document: string, root: string): readonly XmlElement[] {
  const open: { name: string; text: string; children: XmlElement[] }[] = [{ name: '', text: '', children: [] }];
  let end = 0;
  for (const token of document.matchAll(/<\?[^>]*\?>|<(\/?)([A-Za-z]\w*)(?:\s[^<>]*?)?(\/?)>|[^<]+/g)) {
    if (token.index !== end) throw malformed();
    end += token[0].length;
    const [text, isEnd, name, isEmpty] = token;
    if (name === undefined) {
      if (!text.startsWith('<?')) open[open.length - 1].text += unescaped(text);
      continue;
    }
    if (!isEnd) open.push({ name, text: '', children: [] });
    if (isEnd || isEmpty) {
      const closed = open.pop();
      if (closed === undefined || closed.name !== name || open.length === 0) throw malformed();
      open[open.length - 1].children.push(closed);
    }
  }
  const [found, ...more] = open[0].children;
  if (end !== document.length || open.length !== 1 || found?.name !== root || more.length > 0) throw malformed();
  return found.children;
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));|&/g, (_, hex, decimal, name) => {
    if (name !== undefined) return NAMED[name];
    const code = Number(hex === undefined ? decimal : `0x${hex}`);
    if (code <= 0x10ffff) return String.fromCodePoint(code);
    throw malformed();
  });
}

function malformed(): AwsFault {
  return new AwsFault(400, 'MalformedXML', 'expected well-formed XML of the elements that S3 knows');
}
