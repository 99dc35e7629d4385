# The WebRTC stack as a program to measure: build/webrtc/{i386,x86_64}/{device,partner}.
# FRAME_POINTERS=0 builds without frame pointers beside it; DATACHANNEL_SRC= and MBEDTLS_SRC= name
# source trees of one's own. The script below does the rest and is quick when nothing is to do.
export FRAME_POINTERS DATACHANNEL_SRC MBEDTLS_SRC

.PHONY: subject subject-i386 subject-x86_64
subject: ## build the WebRTC stack and the program that is measured, for both word sizes
	@subjects/webrtc/build.sh i386
	@subjects/webrtc/build.sh x86_64

subject-i386 subject-x86_64: subject-%:
	@subjects/webrtc/build.sh $*
