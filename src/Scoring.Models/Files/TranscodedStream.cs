using System.Buffers;
using System.Text;

namespace Scoring.Models.Files;

/// <summary>
/// A stream of another encoding as UTF-8. What is no character there becomes a byte that is none in UTF-8 either, so that a row is
/// refused for it only where it matters: a replacement character would make different ids one.
/// </summary>
internal sealed class TranscodedStream(Stream inner, FileEncoding encoding) : Stream
{
    private const int ChunkBytes = 16 * 1024;
    private const byte NoCharacter = 0xFF;

    private readonly byte[] source = new byte[ChunkBytes];
    private readonly ArrayBufferWriter<byte> target = new(3 * ChunkBytes);
    private int kept;
    private int taken;
    private bool isFirst = true;
    private bool isLast;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        while (taken == target.WrittenCount && !isLast)
            Fill();
        var read = Math.Min(buffer.Length, target.WrittenCount - taken);
        target.WrittenSpan.Slice(taken, read).CopyTo(buffer);
        taken += read;
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private void Fill()
    {
        target.ResetWrittenCount();
        taken = 0;
        var read = inner.Read(source, kept, source.Length - kept);
        isLast = read == 0;
        var bytes = source.AsSpan(0, kept + read);
        var used = encoding.IsUtf16 ? Utf16(bytes) : SingleBytes(bytes);
        bytes[used..].CopyTo(source);
        kept = bytes.Length - used;
    }

    private int SingleBytes(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
            target.Write(encoding.Characters[value] ?? [NoCharacter]);
        return bytes.Length;
    }

    // Takes all but what the next bytes must complete.
    private int Utf16(ReadOnlySpan<byte> bytes)
    {
        var at = isFirst && bytes.Length >= 2 && encoding.Unit(bytes) == FileEncoding.ByteOrderMark ? 2 : 0;
        isFirst &= bytes.Length < 2;
        Span<byte> utf8 = stackalloc byte[4];
        while (bytes.Length - at >= 2)
        {
            var unit = encoding.Unit(bytes[at..]);
            var isHigh = char.IsHighSurrogate(unit);
            if (isHigh && bytes.Length - at < 4 && !isLast)
                return at;
            at += 2;
            var low = isHigh && bytes.Length - at >= 2 ? encoding.Unit(bytes[at..]) : '\0';
            if (isHigh && char.IsLowSurrogate(low))
            {
                at += 2;
                target.Write(utf8[..new Rune(unit, low).EncodeToUtf8(utf8)]);
            }
            else if (Rune.TryCreate(unit, out var rune))
            {
                target.Write(utf8[..rune.EncodeToUtf8(utf8)]);
            }
            else
            {
                target.Write([NoCharacter]);
            }
        }

        // Half a unit at the end of the file is no character.
        if (isLast && at < bytes.Length)
        {
            target.Write([NoCharacter]);
            at = bytes.Length;
        }

        return at;
    }
}
