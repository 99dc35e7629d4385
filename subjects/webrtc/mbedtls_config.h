/* What the subject changes in mbedTLS's default configuration. SPDX-License-Identifier: Apache-2.0
 *
 * Given as MBEDTLS_USER_CONFIG_FILE to mbedTLS itself and to everything that includes its headers:
 * the structs in them change size with these settings. mbedTLS reads it after its own defaults.
 */
#ifndef SUBJECT_WEBRTC_MBEDTLS_CONFIG_H
#define SUBJECT_WEBRTC_MBEDTLS_CONFIG_H

/* WebRTC's media keys come from the DTLS handshake (RFC 5764); libdatachannel needs it. */
#define MBEDTLS_SSL_DTLS_SRTP

/* Pool threads and the ICE thread share contexts. */
#define MBEDTLS_THREADING_C
#define MBEDTLS_THREADING_PTHREAD

/* As on the chip: DTLS 1.2 only, record buffers of 16 KiB in and 4 KiB out
 * (ESP-IDF: CONFIG_MBEDTLS_SSL_IN_CONTENT_LEN, CONFIG_MBEDTLS_SSL_OUT_CONTENT_LEN). */
#undef MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_IN_CONTENT_LEN  16384
#define MBEDTLS_SSL_OUT_CONTENT_LEN 4096

#endif
