#!/bin/sh
# Makes the small videos in samples/ and golden/decoded.json: what FFmpeg's own decoder and
# demultiplexer say of each, so that the tests compare against something that is not ours.
# The results are committed; the tests never run this. Needs ffmpeg with libx264 and libx265,
# ffprobe and python3. What is committed was made with FFmpeg 5.1 (Debian 12), x264 0.164.
#
#   scripts/make_samples.sh          makes what is missing and writes the golden file anew
#   scripts/make_samples.sh --fresh  makes all samples anew (bytes may differ with other versions)
set -eu
cd "$(dirname "$0")/../samples"
fresh=${1:-}

ff() { ffmpeg -v error -nostdin -y -threads 1 "$@"; }

# make NAME ARGS…: the sample is FFmpeg's output for ARGS.
make() {
    name=$1
    shift
    if [ "$fresh" = --fresh ] || [ ! -e "$name" ]; then
        ff "$@" -threads 1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact "$name"
    fi
}

# A picture that moves, and a tone.
moving() { echo "testsrc2=size=$1:rate=$2:duration=$3"; }
tone="sine=frequency=440:sample_rate=32000:duration"
x264="-c:v libx264 -preset medium -crf 30 -pix_fmt yuv420p"
aac="-c:a aac -b:a 24k -ac 1"

# Groups of pictures, B-frames, references.
# shellcheck disable=SC2086
{
make closed.mp4 -f lavfi -i "$(moving 128x96 24 4)" -f lavfi -i "$tone=4" $x264 $aac \
    -g 24 -bf 3 -x264-params "open-gop=0:b-pyramid=normal:scenecut=0:ref=3"
make open.mp4 -f lavfi -i "$(moving 128x96 24 4)" $x264 \
    -g 24 -bf 3 -x264-params "open-gop=1:b-pyramid=normal:scenecut=0"
make baseline.mp4 -f lavfi -i "$(moving 96x64 12 2)" $x264 -profile:v baseline -g 6 -x264-params slices=3
make one_frame.mp4 -f lavfi -i "$(moving 64x48 25 1)" $x264 -frames:v 1
make interlaced.mp4 -f lavfi -i "$(moving 96x64 25 1)" $x264 -g 10 -flags +ildct+ilme -x264-params tff=1

# Times.
make vfr.mp4 -f lavfi -i "$(moving 96x64 25 2)" -vf "select='not(eq(mod(n,5),3))',setpts='PTS+floor(N/7)*3'" \
    -vsync passthrough $x264 -g 15 -bf 2
make slow.mp4 -f lavfi -i "testsrc2=size=64x48:rate=1/100:duration=500" $x264
make ntsc.mp4 -f lavfi -i "$(moving 96x64 30000/1001 1)" $x264 -g 12 -video_track_timescale 30000
make edit.mp4 -ss 0.7 -i closed.mp4 -t 2.1 -c copy
make audio_late.mp4 -f lavfi -i "$(moving 96x64 25 2)" -itsoffset 0.4 -f lavfi -i "$tone=1" $x264 $aac -g 20 -bf 2
make video_late.mp4 -itsoffset 0.3 -f lavfi -i "$(moving 96x64 25 2)" -f lavfi -i "$tone=2" -vsync passthrough \
    $x264 $aac -g 20 -bf 2

# Containers.
make fragmented.mp4 -i closed.mp4 -c copy -movflags frag_keyframe+empty_moov+default_base_moof
make fragmented_old.mp4 -i closed.mp4 -c copy -movflags frag_keyframe
make quicktime.mov -i closed.mp4 -t 2 -c copy
make faststart.mp4 -i baseline.mp4 -c copy -movflags +faststart
make two_tracks.mp4 -f lavfi -i "$(moving 64x48 25 1)" -f lavfi -i "$tone=1" -f lavfi -i "$tone=1" \
    -map 0 -map 1 -map 2 $x264 $aac -metadata title=Two -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu

# Pictures.
make rotated.mp4 -i baseline.mp4 -c copy -metadata:s:v rotate=90
make odd_crop.mp4 -f lavfi -i "$(moving 100x74 25 1)" $x264 -bf 2
make left_crop.mp4 -i baseline.mp4 -c copy -bsf:v h264_metadata=crop_left=6:crop_right=4:crop_top=2:crop_bottom=8
make anamorphic.mp4 -f lavfi -i "$(moving 64x48 25 1)" -vf setsar=4/3 $x264
make full_601.mp4 -f lavfi -i "$(moving 64x48 25 1)" -vf scale=out_range=full -c:v libx264 -crf 30 -pix_fmt yuvj420p \
    -color_range pc -colorspace bt470bg -color_primaries bt470bg -color_trc smpte170m
make limited_709.mp4 -f lavfi -i "$(moving 64x48 25 1)" $x264 \
    -color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709
make deep.mp4 -f lavfi -i "$(moving 64x48 25 1)" -c:v libx264 -crf 30 -pix_fmt yuv420p10le
make wide_chroma.mp4 -f lavfi -i "$(moving 64x48 25 1)" -c:v libx264 -crf 30 -pix_fmt yuv422p

# What is not read.
make full_chroma.mp4 -f lavfi -i "$(moving 64x48 25 1)" -c:v libx264 -crf 30 -pix_fmt yuv444p
make hevc.mp4 -f lavfi -i "$(moving 64x48 25 1)" -c:v libx265 -crf 30 -pix_fmt yuv420p -tag:v hvc1 -x265-params log-level=error
make sound_only.mp4 -f lavfi -i "$tone=1" $aac
make matroska.mkv -i one_frame.mp4 -c copy
}

python3 - <<'PY'
import glob, json, subprocess, zlib

def run(*args):
    return subprocess.run(args, check=True, capture_output=True, text=True).stdout

NOT_READ = {"full_chroma.mp4", "hevc.mp4", "sound_only.mp4", "matroska.mkv"}
out = {}
for name in sorted(glob.glob("*.mp4") + glob.glob("*.mov")):
    if name in NOT_READ:
        continue
    # Planes as the decoder gives them, cropped exactly ("unaligned"), not turned, with the times of the demultiplexer.
    decode = ["ffmpeg", "-v", "error", "-flags", "unaligned", "-noautorotate", "-threads", "1", "-copyts", "-i", name, "-map", "0:v:0",
              "-vsync", "passthrough", "-enc_time_base", "-1"]
    lines = run(*decode, "-f", "framehash", "-hash", "crc32", "-").splitlines()
    rows = [l.split(",") for l in lines if not l.startswith("#")]
    if "10le" in run("ffprobe", "-v", "error", "-show_entries", "stream=pix_fmt", "-of", "csv=p=0", name):
        # Handed out in 8 bits, rounded.
        raw = subprocess.run(decode + ["-f", "rawvideo", "-"], check=True, capture_output=True).stdout
        words = [min(255, (lo + 256 * hi + 2) >> 2) for lo, hi in zip(raw[::2], raw[1::2])]
        size = len(words) // len(rows)
        for i, row in enumerate(rows):
            row[-1] = "%08x" % zlib.crc32(bytes(words[i * size:(i + 1) * size]))
    turned = run("ffmpeg", "-v", "error", "-flags", "unaligned", "-threads", "1", "-i", name, "-map", "0:v:0", "-vsync", "passthrough",
                 "-pix_fmt", "gray", "-vf", "extractplanes=y", "-f", "framehash", "-hash", "crc32", "-").splitlines()
    turned = [l.split(",") for l in turned if not l.startswith("#")]
    probe = json.loads(run("ffprobe", "-v", "error", "-of", "json", "-show_streams", "-count_packets", name))["streams"]
    video = next(s for s in probe if s["codec_type"] == "video")
    audio = []
    for s in probe:
        if s["codec_type"] == "audio":
            i = str(s["index"])
            md5 = run("ffmpeg", "-v", "error", "-i", name, "-map", "0:" + i, "-c", "copy", "-f", "hash", "-hash", "crc32", "-")
            audio.append({"codec": s["codec_tag_string"], "rate": int(s["sample_rate"]), "channels": s["channels"],
                          "packets": int(s["nb_read_packets"]), "crc": md5.strip().split("=")[1], "start": s["start_time"]})
    out[name] = {
        "width": video["width"], "height": video["height"], "pixel_format": video["pix_fmt"],
        "profile": video.get("profile"), "time_base": video["time_base"], "sample_aspect": video.get("sample_aspect_ratio"),
        "range": video.get("color_range"), "matrix": video.get("color_space"), "start": video["start_time"],
        "frames": len(rows), "pts": [int(r[2]) for r in rows], "crc": [r[-1].strip() for r in rows],
        "turned_luma": [r[-1].strip() for r in turned], "audio": audio,
    }
with open("../golden/decoded.json", "w") as f:
    f.write("{\n" + ",\n".join(json.dumps(k) + ": " + json.dumps(v) for k, v in out.items()) + "\n}\n")
PY
