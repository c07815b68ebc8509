using Scoring.Models.Yaml;
using YamlDotNet.RepresentationModel;

namespace Scoring.Models.Files;

/// <content>The amount.</content>
internal sealed partial class MapFields
{
    private void ReadAmount(YamlMap map)
    {
        const string what = $"columns: {AmountField}";
        if (map.Get(AmountField) is not YamlMappingNode node)
        {
            amountColumn = map.Text(AmountField, "columns", required: true) is { } name ? Column(name) : 0;
            amount = new AmountFormat(AmountUnit.One, new AmountText([], "", '.'), new CurrencyExponents(new Dictionary<string, int>()));
            return;
        }

        var source = YamlMap.From(node, what, errors)!;
        source.AllowOnly(what, "column", "type", "sign", "thousands", "decimal", "negative", "exponents");
        amountColumn = source.Text("column", what, required: true) is { } column ? Column(column) : 0;
        negative = source.Get("negative") is { } condition ? Condition(condition, $"{what}: negative") : null;
        amount = new AmountFormat(ReadUnit(source, what), ReadAmountText(source, what), new CurrencyExponents(ReadExponents(source, what)));
    }

    private AmountUnit ReadUnit(YamlMap source, string what)
    {
        switch (source.Text("type", what) ?? "decimal")
        {
            case "decimal": return AmountUnit.One;
            case "cents": return AmountUnit.Cents;
            case "minor": return AmountUnit.Minor;
            case var type:
                errors.Add(source.At("type"), $"{what}: type '{type}' must be decimal, cents (hundredths) or minor (the currency's minor units)");
                return AmountUnit.One;
        }
    }

    private AmountText ReadAmountText(YamlMap source, string what)
    {
        var (thousands, point) = (Raw(source, "thousands", what) ?? "", Raw(source, "decimal", what) ?? ".");
        if (thousands.Length > 1 || thousands.Any(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '+' or '(' or ')'))
            errors.Add(source.At("thousands"), $"{what}: thousands '{thousands}' must be one character that is no letter, digit or sign, such as \",\"");
        if (point is not ("." or ","))
            errors.Add(source.At("decimal"), $"{what}: decimal '{point}' must be \".\" or \",\"");
        if (thousands == point)
            errors.Add(source.At("thousands"), $"{what}: thousands and decimal are both '{point}'; one of them must be another");
        return new AmountText(ReadSigns(source, what), thousands, point[0]);
    }

    private IReadOnlyList<string> ReadSigns(YamlMap source, string what)
    {
        var signs = source.Texts("sign", what) ?? [];
        if (signs.FirstOrDefault(s => s.Any(c => char.IsAsciiDigit(c) || c is '-' or '+' or '(' or ')')) is { } wrong)
            errors.Add(source.At("sign"), $"{what}: sign '{wrong}' holds a digit, a minus, a plus or a parenthesis; write what stands for the currency, such as $");
        return signs;
    }

    private Dictionary<string, int> ReadExponents(YamlMap source, string what)
    {
        var exponents = new Dictionary<string, int>();
        if (source.Get("exponents") is not { } node || YamlMap.From(node, $"{what}: exponents", errors) is not { } map)
            return exponents;
        foreach (var code in map.Keys.OfType<YamlScalarNode>().Select(k => k.Value!))
        {
            if (code.Length != 3 || !code.All(char.IsAsciiLetterOrDigit))
                errors.Add(map.At(code), $"{what}: exponents: '{code}' is no currency; write its three letters or digits");
            else if (map.Integer(code, $"{what}: exponents", 0, 4) is { } exponent)
                exponents[code] = exponent;
        }

        return exponents;
    }
}
