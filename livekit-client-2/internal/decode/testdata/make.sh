#!/bin/sh
# Makes the sounds of this folder anew: half a second of 440 Hz on the left at -6 dB, and 880 Hz on
# the right at -12 dB. Needs ffmpeg, sox, lame, flac, vorbis-tools and opus-tools.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# tone RATE CHANNELS CODEC FILE [SECONDS]
tone() {
  signal="0.5*sin(2*PI*440*t)"
  [ "$2" = 1 ] || signal="$signal|0.25*sin(2*PI*880*t)"
  ffmpeg -loglevel error -y -f lavfi -i "aevalsrc=$signal:s=$1:d=${5:-0.5}" -c:a "$3" "$4"
}
tone 44100 2 pcm_s16le "$tmp/s44.wav"
tone 48000 2 pcm_s16le "$tmp/s48.wav"
tone 48000 1 pcm_s16le "$tmp/m48.wav"
tone 22050 1 pcm_s16le "$tmp/m22.wav"
tone 8000 1 pcm_s16le "$tmp/m8.wav"
tone 96000 1 pcm_s24le "$tmp/m96.wav"
tone 8000 2 pcm_u8 "$tmp/s8.wav"

lame --quiet -b 96 --resample 44.1 "$tmp/s44.wav" mp3-44100-2.mp3
lame --quiet -b 64 --resample 22.05 "$tmp/m22.wav" mp3-22050-1.mp3
lame --quiet -b 64 --resample 8 "$tmp/m8.wav" mp3-8000-1.mp3

flac -s -f -8 --no-padding -o flac16-44100-2.flac "$tmp/s44.wav"
flac -s -f -8 --no-padding -o flac24-96000-1.flac "$tmp/m96.wav"
flac -s -f -0 --no-padding -o flac8-8000-2.flac "$tmp/s8.wav"
flac -s -f -5 --no-padding -o flacpipe-44100-2.flac - < "$tmp/s44.wav"
flac -s -f -5 --ogg --serial-number=1 --no-padding -o oggflac-44100-2.oga "$tmp/s44.wav"

oggenc -Q --serial 1 -q 4 -o vorbis-44100-2.ogg "$tmp/s44.wav"flac -s -f -5 --ogg --serial-number=1 --no-padding -o oggflac-44100-2.oga "$tmp/s44.wav"

oggenc -Q --serial 1 -q 4 -o vorbis-8000-1.ogg "$tmp/m8.wav"

for ms in 2.5 5 10 20 40 60; do
  opusenc --quiet --serial 1 --discard-comments --bitrate 64 --framesize $ms "$tmp/m48.wav" opus$ms-48000-1.opus
done
opusenc --quiet --serial 1 --discard-comments --bitrate 96 "$tmp/s48.wav" opus-48000-2.opus

for codec in s16be s24be s32be f32be f64be alaw mulaw; do
  tone 8000 2 pcm_$codec "aiff-$codec-8000-2.aiff" 0.1
done
tone 8000 2 pcm_s16be "$tmp/sowt.aiff" 0.1
sox "$tmp/sowt.aiff" -t aifc aifc-8000-2.aifc
for codec in u8 s16le s24le s32le f32le f64le alaw mulaw; do
  tone 8000 2 pcm_$codec "wav-$codec-8000-2.wav" 0.1
done

# surround ENCODER FILE [OPTIONS]: six channels in WAVE order, each with a tone of its own; that of the
# low-frequency channel is low.
surround() {
  encoder=$1 file=$2
  shift 2
  signal="0.5*sin(2*PI*440*t)|0.25*sin(2*PI*880*t)|0.125*sin(2*PI*1320*t)|0.125*sin(2*PI*60*t)"
  signal="$signal|0.125*sin(2*PI*1760*t)|0.125*sin(2*PI*2200*t)"
  ffmpeg -loglevel error -y -f lavfi -i "aevalsrc=$signal:c=5.1:s=48000:d=0.5" -c:a "$encoder" "$@" \
    -map_metadata -1 -fflags +bitexact -flags:a +bitexact "$file"
}
surround libopus opus-48000-6.opus -b:a 256k -mapping_family 1
surround libvorbis vorbis-48000-6.ogg -q:a 5
surround flac flac16-48000-6.flac -sample_fmt s16
