namespace Scoring.Models.Files;

/// <summary>
/// A window of a stream's bytes that always begins at the next row. It never grows, so memory is constant and
/// a row's fields can be slices of it.
/// </summary>
internal sealed class ByteLines(Stream stream, int size, string sourceName)
{
    /// <summary>What is said of compressed data that can't be read on.</summary>
    public const string Damaged = "the gzip data is damaged or cut off here, and nothing behind it can be read; get the file again (gzip -t tests it)";

    public byte[] Buffer { get; } = new byte[size];

    /// <summary>The next row's first byte.</summary>
    public int Start { get; private set; }

    /// <summary>The place after the last byte read.</summary>
    public int End { get; private set; }

    /// <summary>Whether the stream has nothing more to read.</summary>
    public bool IsLast { get; private set; }

    /// <summary>The line on which the next row begins, 1 and up.</summary>
    public long Line { get; private set; } = 1;

    /// <summary>Whether the window is full of one row.</summary>
    public bool IsFull => Start == 0 && End == Buffer.Length;

    /// <summary>Reads more behind what is there. Slices taken before are void.</summary>
    /// <returns>False if there is nothing more or no room.</returns>
    /// <exception cref="EventFileException">The stream is compressed, and damaged or cut off from here on.</exception>
    public bool Fill()
    {
        if (IsLast || IsFull)
            return false;
        Buffer.AsSpan(Start, End - Start).CopyTo(Buffer);
        End -= Start;
        Start = 0;
        var read = ReadMore();
        End += read;
        IsLast = read == 0;
        return true;
    }

    /// <summary>Goes on to the next row.</summary>
    /// <param name="next">Its first byte.</param>
    /// <param name="lines">How many lines the row took.</param>
    public void Advance(int next, int lines)
    {
        Start = next;
        Line += lines;
    }

    /// <summary>Goes on behind the next line end, however far it is.</summary>
    public void SkipLine()
    {
        while (true)
        {
            var end = Buffer.AsSpan(Start, End - Start).IndexOf((byte)'\n');
            if (end >= 0)
            {
                Advance(Start + end + 1, 1);
                return;
            }

            Start = End;
            if (!Fill() || IsLast)
                return;
        }
    }

    private int ReadMore()
    {
        try
        {
            return stream.Read(Buffer, End, Buffer.Length - End);
        }
        catch (InvalidDataException e)
        {
            throw new EventFileException($"{sourceName}:{Line}: {Damaged}", e);
        }
    }
}
