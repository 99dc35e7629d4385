# libsrtp looks for mbedTLS with find_package: here is the one that this build makes. The targets
# carry include paths and the user configuration to whoever links them.
set(MBEDTLS_INCLUDE_DIRS "")
set(MBEDTLS_LIBRARIES mbedtls mbedx509 mbedcrypto)
set(MbedTLS_FOUND TRUE)
