# The WebRTC stack as a program to measure: build/webrtc/{i386,x86_64}/{device,partner}.
# FRAME_POINTERS=0 builds without frame pointers beside it; DATACHANNEL_SRC= and MBEDTLS_SRC= name
# source trees of one's own. The script below does the rest and is quick when nothing is to do.
export FRAME_POINTERS DATACHANNEL_SRC MBEDTLS_SRC

.PHONY: subject subject-i386 subject-x86_64 subject-rv32 standin
subject: ## build the WebRTC stack and the program that is measured, for both word sizes
	@subjects/webrtc/build.sh i386
	@subjects/webrtc/build.sh x86_64
	@$(MAKE) --no-print-directory subject-rv32 standin

# Its C libraries for the chip's instruction set, for their sizes; a linked program of the chip's shape.
subject-rv32:
	@subjects/webrtc/rv32.py
standin:
	@subjects/standin/build.sh

subject-i386 subject-x86_64: subject-%:
	@subjects/webrtc/build.sh $*
