import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { readXml, xmlDocument, xmlElement, xmlText } from '#infra/local/s3/s3-xml.ts';

describe('the XML of S3', () => {
  test.prop([fc.array(fc.string({ unit: 'binary' }))])('gives back the texts that it was written from', (texts) => {
    const document = xmlDocument(
      'Delete',
      texts.map((text) => xmlElement('Object', [xmlText('Key', text)])),
    );

    expect(readXml(document, 'Delete').map(({ children }) => children[0].text)).toEqual(texts);
  });

  it('is read as SDKs write it', () => {
    const document = `<?xml version="1.0" encoding="UTF-8"?>
      <Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
        <Object><Key>a&amp;&lt;&gt;&quot;&apos;&#x0D;&#10;</Key></Object><Quiet/>
      </Delete>`;

    expect(readXml(document, 'Delete')).toMatchObject([
      { name: 'Object', children: [{ name: 'Key', text: `a&<>"'\r\n` }] },
      { name: 'Quiet', text: '', children: [] },
    ]);
  });

  it.each([
    '',
    'text',
    '<Delete>',
    '</Delete>',
    '<Delete></Other>',
    '<Other></Other>',
    '<Delete></Delete><Delete></Delete>',
    '<Delete>&unknown;</Delete>',
    '<Delete>&#x110000;</Delete>',
    '<Delete><Object></Delete></Object>',
    '<Delete><!-- comment --></Delete>',
    '<Delete><![CDATA[a]]></Delete>',
    '<!DOCTYPE Delete [<!ENTITY a "b">]><Delete>&a;</Delete>',
    '<Delete',
  ])('is refused as it stands in %s', (document) => {
    expect(() => readXml(document, 'Delete')).toThrow(expect.objectContaining({ status: 400, code: 'MalformedXML' }));
  });
});
