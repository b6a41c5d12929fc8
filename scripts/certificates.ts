// `npm run certificates [-- NAME …]`: a development CA and certificates, where the broker looks for them. The CA is made
// once and kept; the server's and the client's certificates are made anew each time. Not for production: the CA's key
// lies beside them.

import 'reflect-metadata'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { DAY } from '#libs/base'
import { fileError, makeDirectory, settingsFromEnvironment, type Settings } from '#libs/platform'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const CA_DAYS = 3650
const LEAF_DAYS = 397

interface Identity {
  readonly certificate: x509.X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
}

const period = (days: number): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(Date.now() - DAY),
  notAfter: new Date(Date.now() + days * DAY),
})

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])

const newSerial = (): string =>
  Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)))
    .toString('hex')
    .replace(/^./, '4')

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

async function makeAuthority(): Promise<Identity> {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: 'CN=tbmq development CA',
    ...period(CA_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate, keys }
}

async function readAuthority(certificatePem: string, keyPem: string): Promise<Identity> {
  const certificate = new x509.X509Certificate(certificatePem)
  const der = x509.PemConverter.decodeFirst(keyPem)
  const privateKey = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign'])
  return { certificate, keys: { privateKey, publicKey: await certificate.publicKey.export() } }
}

interface Leaf {
  readonly commonName: string
  readonly names: readonly string[]
  readonly usage: x509.ExtendedKeyUsage
}

async function makeLeaf(authority: Identity, { commonName, names, usage }: Leaf): Promise<Identity> {
  const keys = await newKeys()
  const alternatives = names.map((name) => ({
    type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const),
    value: name,
  }))
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: `CN=${commonName}`,
    issuer: authority.certificate.subject,
    ...period(LEAF_DAYS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      ...(alternatives.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
    ],
  })
  return { certificate, keys }
}

async function write(folder: string, name: string, { certificate, keys }: Identity): Promise<void> {
  writeFileSync(join(folder, `${name}-key.pem`), `${await privatePem(keys.privateKey)}\n`, { mode: 0o600 })
  writeFileSync(join(folder, `${name}.pem`), `${certificate.toString('pem')}\n`)
}

async function makeAll(settings: Settings, moreNames: readonly string[]): Promise<void> {
  const folder = join(settings.dataDir, 'certificates')
  await makeDirectory(folder)
  const authorityFile = join(folder, 'ca.pem')
  const authorityKeyFile = join(folder, 'ca-key.pem')
  const kept = existsSync(authorityFile) && existsSync(authorityKeyFile)
  const authority = kept
    ? await readAuthority(readFileSync(authorityFile, 'utf8'), readFileSync(authorityKeyFile, 'utf8'))
    : await makeAuthority()
  if (!kept) await write(folder, 'ca', authority)

  const names = [...new Set(['localhost', hostname(), ...moreNames, '127.0.0.1', '::1'])]
  const server = { commonName: 'localhost', names, usage: x509.ExtendedKeyUsage.serverAuth }
  const client = { commonName: 'client', names: [], usage: x509.ExtendedKeyUsage.clientAuth }
  await write(folder, 'server', await makeLeaf(authority, server))
  await write(folder, 'client', await makeLeaf(authority, client))

  console.log(`${folder}: ${kept ? 'kept the CA,' : 'a CA (ca.pem),'} made server.pem for ${names.join(', ')} and client.pem.
A running broker takes them within 5 seconds.
Try: mosquitto_sub -h localhost -p ${String(settings.tlsPort)} --cafile ${authorityFile} -t 'hello/#'`)
}

x509.cryptoProvider.set(webcrypto)
try {
  await makeAll(settingsFromEnvironment(), process.argv.slice(2))
} catch (error) {
  console.error(fileError(error) ?? (error instanceof Error ? error.message : String(error)))
  process.exit(1)
}
