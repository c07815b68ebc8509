using System.Buffers;
using System.Text;

namespace Scoring.Models.Inference;

/// <summary>A classifier without the ZipMap behind its probabilities.</summary>
/// <param name="Model">The ONNX file's bytes.</param>
/// <param name="Classes">The classes, in the order of the columns.</param>
internal sealed record PlainClassifier(byte[] Model, IReadOnlyList<string> Classes);

/// <summary>
/// Takes the ZipMap off a classifier. Exporters put that node behind the probabilities, to hand each row out as a map by class:
/// reading one costs allocations for every row. Its input is the same numbers as a tensor, one column a class, so another node
/// that passes them on under the map's name takes its place. Reads and writes the file's protobuf fields (onnx.proto) as they
/// lie, and leaves all else as it is.
/// </summary>
internal static class ZipMap
{
    // Numbers of fields in onnx.proto.
    private const int ModelGraph = 7;
    private const int GraphNode = 1;
    private const int GraphOutput = 12;
    private const int ValueName = 1;
    private const int ValueType = 2;
    private const int TypeTensor = 1;
    private const int TensorElementType = 1;
    private const int NodeInput = 1;
    private const int NodeOutput = 2;
    private const int NodeName = 3;
    private const int NodeOperator = 4;
    private const int NodeAttribute = 5;
    private const int AttributeInts = 8;
    private const int AttributeStrings = 9;
    private const byte FloatElements = 1;

    /// <summary>Replaces the ZipMap that makes an output.</summary>
    /// <param name="model">The ONNX file's bytes.</param>
    /// <param name="output">The output's name.</param>
    /// <returns>Null if no ZipMap of the model's own graph makes it.</returns>
    public static PlainClassifier? Remove(ReadOnlySpan<byte> model, string output)
    {
        var name = Encoding.UTF8.GetBytes(output);
        var plain = new ArrayBufferWriter<byte>(model.Length + 1);
        string[]? classes = null;
        var fields = new ProtobufFields(model);
        while (fields.MoveNext())
        {
            if (fields.Number == ModelGraph && classes is null)
                Append(plain, ModelGraph, Graph(fields.Content, name, out classes));
            else
                plain.Write(fields.Whole);
        }

        return classes is null || fields.IsBroken ? null : new PlainClassifier(plain.WrittenSpan.ToArray(), classes);
    }

    private static ReadOnlySpan<byte> Graph(ReadOnlySpan<byte> graph, ReadOnlySpan<byte> output, out string[]? classes)
    {
        classes = null;
        var plain = new ArrayBufferWriter<byte>(graph.Length + 1);
        var fields = new ProtobufFields(graph);
        while (fields.MoveNext())
        {
            if (fields.Number == GraphNode && IsZipMap(fields.Content, output))
                Append(plain, GraphNode, PassedOn(fields.Content, out classes));
            else if (fields.Number == GraphOutput && Find(fields.Content, ValueName).SequenceEqual(output))
                Append(plain, GraphOutput, Tensor(output));
            else
                plain.Write(fields.Whole);
        }

        if (fields.IsBroken)
            classes = null;
        return plain.WrittenSpan;
    }

    private static bool IsZipMap(ReadOnlySpan<byte> node, ReadOnlySpan<byte> output) =>
        Find(node, NodeOperator).SequenceEqual("ZipMap"u8) && Find(node, NodeOutput).SequenceEqual(output);

    // The node as it is, but for its operator and what belongs to that.
    private static ReadOnlySpan<byte> PassedOn(ReadOnlySpan<byte> zipMap, out string[] classes)
    {
        var labels = new List<string>();
        var plain = new ArrayBufferWriter<byte>(zipMap.Length);
        var fields = new ProtobufFields(zipMap);
        while (fields.MoveNext())
        {
            if (fields.Number is NodeInput or NodeOutput or NodeName)
                plain.Write(fields.Whole);
            else if (fields.Number == NodeAttribute)
                AddLabels(fields.Content, labels);
        }

        Append(plain, NodeOperator, "Identity"u8);
        classes = [.. labels];
        return plain.WrittenSpan;
    }

    private static void AddLabels(ReadOnlySpan<byte> attribute, List<string> labels)
    {
        var fields = new ProtobufFields(attribute);
        while (fields.MoveNext())
        {
            if (fields.Number == AttributeStrings)
                labels.Add($"'{Encoding.UTF8.GetString(fields.Content)}'");
            else if (fields.Number == AttributeInts)
                labels.Add($"{(long)fields.Value}");
        }
    }

    private static ReadOnlySpan<byte> Tensor(ReadOnlySpan<byte> name)
    {
        var type = new ArrayBufferWriter<byte>();
        Append(type, TypeTensor, [TensorElementType << 3, FloatElements]);
        var value = new ArrayBufferWriter<byte>();
        Append(value, ValueName, name);
        Append(value, ValueType, type.WrittenSpan);
        return value.WrittenSpan;
    }

    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> message, int number)
    {
        var fields = new ProtobufFields(message);
        while (fields.MoveNext())
        {
            if (fields.Number == number)
                return fields.Content;
        }

        return default;
    }

    private static void Append(ArrayBufferWriter<byte> to, int number, ReadOnlySpan<byte> content)
    {
        const int lengthDelimited = 2;
        AppendVarint(to, (uint)((number << 3) | lengthDelimited));
        AppendVarint(to, (uint)content.Length);
        to.Write(content);
    }

    private static void AppendVarint(ArrayBufferWriter<byte> to, uint value)
    {
        for (; value >= 0x80; value >>= 7)
            to.Write([(byte)(value | 0x80)]);
        to.Write([(byte)value]);
    }
}
