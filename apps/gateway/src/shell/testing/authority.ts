// A certificate authority for tests: makes certificates for localhost and for clients, as PEM.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMillis = 86_400_000

export interface Pem {
  readonly cert: string
  readonly key: string
}

export class Authority {
  readonly ca: string
  readonly #keys: webcrypto.CryptoKeyPair
  readonly #certificate: x509.X509Certificate

  private constructor(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate) {
    this.#keys = keys
    this.#certificate = certificate
    this.ca = certificate.toString('pem')
  }

  static async create(): Promise<Authority> {
    x509.cryptoProvider.set(webcrypto)
    const keys = await newKeys()
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...validity(),
      name: 'CN=Test authority',
      keys,
      signingAlgorithm: algorithm,
      extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
    })
    return new Authority(keys, certificate)
  }

  async sign(commonName: string): Promise<Pem> {
    const keys = await newKeys()
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity(),
      subject: `CN=${commonName}`,
      issuer: this.#certificate.subject,
      signingKey: this.#keys.privateKey,
      publicKey: keys.publicKey,
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: commonName }])],
    })
    const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
    return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') }
  }
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

const validity = (): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(Date.now() - dayMillis),
  notAfter: new Date(Date.now() + dayMillis),
})
