"""ML-KEM-768 with the randomness given (FIPS 203, Algorithms 4 to 17): what no library lets one choose.

Slow, and not for secrets: only for vectors, which must come out the same every time.
"""

from __future__ import annotations

from hashlib import sha3_256, sha3_512, shake_128, shake_256

Q, N, RANK = 3329, 256, 3
Polynomial = list[int]


def _reversed(bits: int) -> int:
    return int(f"{bits:07b}"[::-1], 2)


ZETAS = [pow(17, _reversed(i), Q) for i in range(128)]
GAMMAS = [pow(17, 2 * _reversed(i) + 1, Q) for i in range(128)]


def ntt(f: Polynomial) -> Polynomial:
    f, at, size = list(f), 1, 128
    while size >= 2:
        for start in range(0, N, 2 * size):
            for j in range(start, start + size):
                t = ZETAS[at] * f[j + size] % Q
                f[j], f[j + size] = (f[j] + t) % Q, (f[j] - t) % Q
            at += 1
        size //= 2
    return f


def inverse_ntt(f: Polynomial) -> Polynomial:
    f, at, size = list(f), 127, 2
    while size <= 128:
        for start in range(0, N, 2 * size):
            for j in range(start, start + size):
                t = f[j]
                f[j], f[j + size] = (t + f[j + size]) % Q, ZETAS[at] * (f[j + size] - t) % Q
            at -= 1
        size *= 2
    return [x * 3303 % Q for x in f]


def multiplied(f: Polynomial, g: Polynomial) -> Polynomial:
    """The product of two polynomials in the NTT's domain."""
    found = []
    for i in range(128):
        a0, a1, b0, b1 = f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]
        found += [(a0 * b0 + a1 * b1 * GAMMAS[i]) % Q, (a0 * b1 + a1 * b0) % Q]
    return found


def added(*polynomials: Polynomial) -> Polynomial:
    return [sum(column) % Q for column in zip(*polynomials, strict=True)]


def sampled(seed: bytes) -> Polynomial:
    """SampleNTT."""
    stream, found = shake_128(seed).digest(3 * 1000), list[int]()
    for at in range(0, len(stream), 3):
        first, second, third = stream[at : at + 3]
        found += [d for d in (first + 256 * (second % 16), second // 16 + 16 * third) if d < Q]
    return found[:N]


def noise(seed: bytes, number: int) -> Polynomial:
    """SamplePolyCBD with eta 2."""
    data = int.from_bytes(shake_256(seed + bytes([number])).digest(128), "little")
    bits = [data >> i & 1 for i in range(4 * N)]
    return [
        (bits[4 * i] + bits[4 * i + 1] - bits[4 * i + 2] - bits[4 * i + 3]) % Q for i in range(N)
    ]


def decoded(data: bytes, width: int) -> Polynomial:
    number = int.from_bytes(data, "little")
    return [number >> width * i & (1 << width) - 1 for i in range(N)]


def compressed(f: Polynomial, width: int) -> bytes:
    values = [((x << width) * 2 + Q) // (2 * Q) % (1 << width) for x in f]
    number = sum(value << width * i for i, value in enumerate(values))
    return number.to_bytes(N * width // 8, "little")


def encapsulated(public_key: bytes, randomness: bytes) -> tuple[bytes, bytes]:
    """The shared secret and its ciphertext."""
    both = sha3_512(randomness + sha3_256(public_key).digest()).digest()
    secret, seed = both[:32], both[32:]
    size = N * 12 // 8
    t = [decoded(public_key[size * i : size * (i + 1)], 12) for i in range(RANK)]
    rho = public_key[size * RANK :]
    y = [ntt(noise(seed, i)) for i in range(RANK)]
    u = []
    for i in range(RANK):
        # The transposed matrix.
        row = [sampled(rho + bytes([i, j])) for j in range(RANK)]
        product = added(*(multiplied(a, b) for a, b in zip(row, y, strict=True)))
        u.append(added(inverse_ntt(product), noise(seed, RANK + i)))
    message = [(Q + 1) // 2 * bit for bit in decoded(randomness, 1)]
    product = added(*(multiplied(a, b) for a, b in zip(t, y, strict=True)))
    v = added(inverse_ntt(product), noise(seed, 2 * RANK), message)
    return secret, b"".join(compressed(one, 10) for one in u) + compressed(v, 4)
