using System.Globalization;
using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Host.Commands;

/// <summary>
/// Scores a file of features as <c>scoring replay</c> writes them. Reads and scores a batch at a time, so
/// memory does not grow with the file.
/// </summary>
internal sealed class FeatureFileScoring
{
    private readonly ModelBundle bundle;
    private readonly CsvRecords input;
    private readonly TextWriter output;
    private readonly int width;
    private readonly string[] ids = new string[OnnxModel.MaxBatchRows];
    private readonly double[] features;
    private readonly Verdict[] verdicts = new Verdict[OnnxModel.MaxBatchRows];
    private readonly string[] reasons = new string[ModelBundle.MaxReasons];
    private FeatureFileScoring(ModelBundle bundle, TextReader input, TextWriter output)
    {
        this.bundle = bundle;
        this.input = new CsvRecords(input);
        this.output = output;
        width = bundle.Model.InputCount;
        features = new double[OnnxModel.MaxBatchRows * width];
    }

    /// <summary>Scores a file: a row <c>transactionId,score,decision,reasons</c> for each row of features.</summary>
    /// <param name="bundle">The model.</param>
    /// <param name="input">CSV: transactionId and the features in the order of the model's inputs, empty where missing.</param>
    /// <param name="output">Receives CSV; reasons are joined by semicolons.</param>
    /// <exception cref="InvalidDataException">The file is not such a file; the message names line and field.</exception>
    public static void Run(ModelBundle bundle, TextReader input, TextWriter output) => new FeatureFileScoring(bundle, input, output).Run();

    private void Run()
    {
        ReadHeader();
        output.Write("transactionId,score,decision,reasons\n");
        for (var rows = ReadRows(); rows > 0; rows = ReadRows())
        {
            bundle.Score(features.AsSpan(0, rows * width), verdicts.AsSpan(0, rows));
            for (var row = 0; row < rows; row++)
                Write(row);
        }
    }

    private void ReadHeader()
    {
        var found = (input.TryRead(out var header) ? header.ToString() : throw Wrong("no header")).Split(',');
        string[] wanted = ["transactionId", .. bundle.Manifest.FeatureSet.Features];
        for (var i = 0; i < Math.Max(found.Length, wanted.Length); i++)
        {
            var (name, must) = (found.ElementAtOrDefault(i) ?? "nothing", wanted.ElementAtOrDefault(i) ?? "nothing");
            if (name != must)
                throw Wrong($"column {i + 1} is '{name}'; the model's inputs want '{must}' there");
        }
    }

    private int ReadRows()
    {
        var rows = 0;
        while (rows < OnnxModel.MaxBatchRows && input.TryRead(out var text))
        {
            ids[rows] = ReadRow(text, features.AsSpan(rows * width, width));
            rows++;
        }

        return rows;
    }

    // From the right, because features hold no comma and an id in quotes may.
    private string ReadRow(ReadOnlySpan<char> text, Span<double> values)
    {
        for (var i = width - 1; i >= 0; i--)
        {
            var comma = text.LastIndexOf(',');
            if (comma < 0)
                throw Wrong($"too few fields; {width + 1} are right");
            var field = text[(comma + 1)..];
            text = text[..comma];
            values[i] = double.NaN;
            if (!field.IsEmpty && !double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]))
                throw Wrong($"{bundle.Manifest.FeatureSet.Features[i]} is '{field}'; it must be a number, or empty where missing");
        }

        return text.ToString();
    }

    private void Write(int row)
    {
        ref readonly var verdict = ref verdicts[row];
        var count = bundle.Explain(features.AsSpan(row * width, width), verdict, reasons);
        output.Write(ids[row]);
        output.Write(string.Create(CultureInfo.InvariantCulture, $",{verdict.Score},{verdict.Decision.Name()},"));
        output.Write(string.Join(';', reasons.AsSpan(0, count)));
        output.Write('\n');
    }

    private InvalidDataException Wrong(string what) => new($"line {input.Line}: {what}");
}
