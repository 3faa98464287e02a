import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as zlib from 'node:zlib'
import { type Content, textOf } from '#skein/celery/content.js'
import { readEnvelope, writeEnvelope } from '#skein/celery/envelope.js'
import { sound } from './samples.ts'

const text = '[["é",2],{},null]'
const bytes = Buffer.from(text)

const refused = (content: Content, words: RegExp, largest?: number): void => {
  assert.throws(() => textOf(content, largest), { code: 'SKEIN_MALFORMED_MESSAGE', message: words })
}

describe('the body of a message', () => {
  test('is JSON, and that is taken for granted where nothing is said', () => {
    assert.equal(textOf({ bytes }), text)
    assert.equal(textOf({ bytes, type: 'application/json', encoding: 'utf-8' }), text)
    assert.equal(textOf({ bytes, type: 'application/json', encoding: 'UTF8' }), text)
  })

  test('of another serializer is refused by its name, and says what to do', () => {
    const types = {
      'application/x-python-serialize': /pickle .+ can run any code.+task_serializer = 'json'/,
      'application/x-yaml': /yaml/,
      'application/x-msgpack': /msgpack/,
      'application/data': /raw bytes, or a message that is signed/,
      'text/plain': /plain text/,
      'application/x-thing': /'application\/x-thing'/,
    }
    for (const [type, words] of Object.entries(types)) refused({ bytes, type }, words)
  })

  test('is UTF-8', () => {
    refused({ bytes, encoding: 'utf-16' }, /'utf-16'.+only utf-8/)
    refused({ bytes: Buffer.from([0x22, 0xff, 0x22]) }, /not UTF-8/)
  })

  test('is read whatever it was compressed with that Node has', () => {
    const zstd = (zlib as { readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array }).zstdCompressSync
    const compressed: readonly (readonly [name: string, bytes: Uint8Array | undefined])[] = [
      ['application/x-gzip', zlib.deflateSync(bytes)],
      ['application/x-gzip', zlib.gzipSync(bytes)],
      ['gzip', zlib.deflateSync(bytes)],
      ['application/x-brotli', zlib.brotliCompressSync(bytes)],
      ['application/zstd', zstd?.(bytes)],
    ]
    for (const [compression, body] of compressed) {
      if (body === undefined) refused({ bytes, compression }, /for which Node .+ has nothing/)
      else assert.equal(textOf({ bytes: body, compression }), text)
    }
  })

  test('is refused by the name of a compression that Node does not have', () => {
    for (const compression of ['application/x-bz2', 'bzip2', 'application/x-lzma', 'xz']) {
      refused({ bytes, compression }, new RegExp(`'${compression}', for which Node .+task_compression = 'zlib'`))
    }
    refused({ bytes, compression: 'middle-out' }, /'middle-out', which is not known here/)
  })

  test('does not become larger than its reader allows', () => {
    const large = { bytes: zlib.deflateSync(Buffer.alloc(1_000_000, ' ')), compression: 'zlib' }
    assert.equal(textOf(large, 1_000_000).length, 1_000_000)
    refused(large, /becomes more than the 999999 bytes/, 999_999)
    refused({ bytes: Buffer.from('x'), compression: 'zlib' }, /is damaged/)
  })
})

describe('an envelope', () => {
  const message = { headers: '{"a":1.0}', body: text, exchange: '', routingKey: 'q', deliveryTag: 't' }

  test('has its headers as they stood there', () => {
    const read = sound(readEnvelope(writeEnvelope({ ...message, headers: '{ "n" : 12345678901234567890, "f": 1.0 }' })))
    assert.equal(read.headers, '{ "n" : 12345678901234567890, "f": 1.0 }')
  })

  test('says of its body what is wrong, and of the rest what there is', () => {
    const { body, properties } = sound(
      readEnvelope(writeEnvelope(message).replace('application/json', 'application/x-yaml')),
    )
    assert.match(String(body), /yaml/)
    assert.equal(properties.deliveryTag, 't')
  })

  test('may leave out what has a default', () => {
    const { body, properties, headers } = sound(readEnvelope('{"body":"[]"}'))
    assert.deepEqual([body, headers], ['[]', '{}'])
    assert.deepEqual(properties, { priority: 0, exchange: '', routingKey: '', redelivered: false })
  })

  test('of which one property is odd is read, where that has no meaning', () => {
    for (const priority of ['"high"', '1.5', '1e99', 'null']) {
      const text = writeEnvelope(message).replace('"priority":0', `"priority":${priority}`)
      assert.equal(sound(readEnvelope(text)).properties.priority, 0)
    }
  })

  test('is refused with the reason where it is none', () => {
    const reasons = {
      '': /expected \{/,
      '[]': /expected \{/,
      '{"body":"x"': /expected a comma or }/,
      '{"body":"x"} ,': /expected the end/,
      '{"body":"': /a string does not end/,
      '{"properties":[]}': /its properties must be an object/,
      '{"properties":{"delivery_info":1}}': /its delivery_info must be an object/,
      '{"properties":{"delivery_tag":1}}': /its delivery_tag must be a string/,
    }
    for (const [given, words] of Object.entries(reasons)) assert.match(String(readEnvelope(given)), words)
    for (const body of ['{}', '{"body":1}', '{"body":"","properties":{"body_encoding":"base32"}}']) {
      assert.match(String(sound(readEnvelope(body)).body), /no body|its body must be a string|its body_encoding/)
    }
  })
})
