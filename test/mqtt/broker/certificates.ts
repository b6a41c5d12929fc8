// Certificates for the TLS listeners under test: made anew for each instance, valid for 127.0.0.1 and localhost.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { webcrypto } from 'node:crypto'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMillis = 86_400_000

/** Paths of the files, and the authority's certificate as PEM. */
export interface Certificates {
  ca: string
  caFile: string
  certificateFile: string
  keyFile: string
}

/** Writes an authority and a server certificate that it signed into a directory. */
export async function makeCertificates(directory: string): Promise<Certificates> {
  x509.cryptoProvider.set(webcrypto)
  await mkdir(directory, { recursive: true })
  const [authorityKeys, serverKeys] = await Promise.all([keyPair(), keyPair()])
  const validity = { notBefore: new Date(Date.now() - dayMillis), notAfter: new Date(Date.now() + dayMillis) }
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: 'CN=Test authority',
    keys: authorityKeys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  })
  const server = await x509.X509CertificateGenerator.create({
    ...validity,
    subject: 'CN=localhost',
    issuer: authority.subject,
    signingKey: authorityKeys.privateKey,
    publicKey: serverKeys.publicKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
    ],
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey)).toString(
    'base64',
  )
  const files = {
    caFile: join(directory, 'ca.pem'),
    certificateFile: join(directory, 'server.pem'),
    keyFile: join(directory, 'server.key'),
  }
  await writeFile(files.caFile, authority.toString('pem'))
  await writeFile(files.certificateFile, server.toString('pem'))
  await writeFile(files.keyFile, `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`, {
    mode: 0o644,
  })
  return { ca: authority.toString('pem'), ...files }
}

async function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}
