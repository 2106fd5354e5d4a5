#!/bin/sh
# How the files in this folder were made, with FFmpeg 5.1 (lavf 59.27). They are checked in, so that the
# tests need no FFmpeg; run this in the folder only to make them again. Each is at most 10 kB.
set -eu

SINE="-f lavfi -i sine=frequency=440:sample_rate=44100:duration=0.5"
FILM="-f lavfi -i testsrc=size=32x32:rate=5:duration=0.4 -f lavfi -i sine=duration=0.4"
make() { ffmpeg -y -v error -nostdin "$@"; }

make $SINE -c:a aac -b:a 48k aac.m4a
make $SINE -c:a aac -b:a 48k -movflags +faststart index-first.m4a
make $SINE -c:a aac -b:a 48k generic-brand.mp4
make $SINE -c:a aac -b:a 48k -movflags frag_keyframe+empty_moov fragmented.m4a
make $SINE -ar 8000 -c:a alac alac.m4a
make $SINE -c:a aac -b:a 48k adts.aac
make $SINE -c:a wmav2 -b:a 48k wma.wma
make $SINE -ar 8000 -c:a wavpack wavpack.wv
make $SINE -ar 8000 -c:a flac flac.oga
make $SINE -ar 8000 -c:a alac alac.caf
make $SINE -b:a 64k -metadata title=Sine -write_id3v1 1 tagged.mp3
make $SINE -c:a mp2 -b:a 64k layer2.mp2
# No Xing header, silence first: whoever reckons the length from the first frame is far off.
make -f lavfi -i "aevalsrc=0:d=0.6" -f lavfi -i "anoisesrc=a=0.5:d=0.2" -filter_complex concat=n=2:v=0:a=1 \
     -ac 1 -q:a 0 -write_xing 0 -id3v2_version 0 silence-then-noise.mp3
# To a pipe, where an encoder cannot come back to write the sizes.
make $SINE -ar 8000 -f wav - >piped.wav
make $SINE -t 0.2 -ar 8000 -f flac - >piped.flac
make $SINE -ar 8000 -f aiff - >piped.aiff
make $SINE -ar 8000 -f au - >piped.au
make $FILM film.mp4
make $FILM -t 0.2 -b:v 20k -b:a 32k film.wmv
